package store

import (
	"encoding/binary"
	"fmt"
)

// Instead of IAVL's pruning, which compares two whole versions long after they left every cache, each commit notes the
// nodes of the version before that the new one no longer reaches. They are deleted when that version leaves the window.

// treeHeightMax bounds the walk: an AVL tree of 2^64 leaves is lower than 94.
const treeHeightMax = 94

// noteKept is told every record IAVL saves for the new version.
func (t *treeDB) noteKept(key, value []byte) error {
	if len(value) == 0 {
		return nil
	}
	if isReference(value) {
		t.kept[nodeID(value[1:])] = struct{}{}
		return nil
	}
	node, err := parseNode(value)
	if err != nil {
		return fmt.Errorf("IAVL saved a node %x that cannot be read: %w", key, err)
	}
	if node.height > 0 {
		t.noteChild(key, node.left)
		t.noteChild(key, node.right)
	}
	return nil
}

func (t *treeDB) noteChild(parentKey []byte, child nodeID) {
	if string(child[:versionLen]) != string(parentKey[1:1+versionLen]) {
		t.kept[child] = struct{}{}
	}
}

// orphanWalk gathers the nodes reachable from the old root and from no kept node.
type orphanWalk struct {
	db      *treeDB
	version int64 // the new version
	list    []byte
	key     []byte
	raw     []byte
}

// orphanList gives the list for version, whose nodes have just been saved, and begins anew for the next one.
func (t *treeDB) orphanList(version int64, buffer []byte) ([]byte, error) {
	defer clear(t.kept)
	w := orphanWalk{db: t, version: version, list: buffer[:0]}
	if version <= 1 {
		return w.list, nil
	}
	before := makeNodeID(version-1, rootNonce)
	root, ok, err := t.root(version - 1)
	if err != nil {
		return nil, err
	}
	if !ok || root != before {
		w.append(before) // the root record that names another node, or none
	}
	if ok {
		err = w.visit(root, treeHeightMax)
	}
	return w.list, err
}

// visit lists the node and what is under it. heightMax is 0 where only a leaf can be: its bytes need not be read.
func (w *orphanWalk) visit(id nodeID, heightMax int64) error {
	if _, ok := w.db.kept[id]; ok {
		return nil
	}
	w.append(id)
	if heightMax == 0 {
		return nil
	}
	node, err := w.read(id)
	if err != nil || node.height == 0 {
		return err
	}
	if node.height > heightMax {
		return fmt.Errorf("node %x has height %d under one of height %d", id, node.height, heightMax+1)
	}
	if err := w.visit(node.left, node.height-1); err != nil {
		return err
	}
	return w.visit(node.right, node.height-1)
}

func (w *orphanWalk) read(id nodeID) (rawNode, error) {
	w.key = id.appendKey(w.key[:0])
	raw, ok := w.db.cache.get(w.raw[:0], w.key)
	if ok {
		w.raw = raw
		return parseNode(raw)
	}
	raw, err := w.db.Get(w.key)
	if err != nil {
		return rawNode{}, err
	}
	if raw == nil {
		return rawNode{}, fmt.Errorf("node %x is missing", id)
	}
	return parseNode(raw)
}

// append writes how many versions before the new one the node was made, and its nonce, as uvarints.
func (w *orphanWalk) append(id nodeID) {
	w.list = binary.AppendUvarint(w.list, uint64(w.version-id.version()))
	w.list = binary.AppendUvarint(w.list, uint64(id.nonce()))
}

// eachOrphan reads the list of version.
func eachOrphan(version int64, list []byte, fn func(nodeID)) error {
	for len(list) > 0 {
		back, n := binary.Uvarint(list)
		if n <= 0 {
			return fmt.Errorf("the list of orphans of version %d is cut", version)
		}
		nonce, m := binary.Uvarint(list[n:])
		if m <= 0 {
			return fmt.Errorf("the list of orphans of version %d is cut", version)
		}
		list = list[n+m:]
		fn(makeNodeID(version-int64(back), uint32(nonce)))
	}
	return nil
}
