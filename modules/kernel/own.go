package kernel

import (
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// The kernel's own collections.
var (
	networks   = NewMap[None, *kernelv1.Network]("kernel.network", kernelv1.PrefixNetwork, all[*kernelv1.Network])
	clocks     = NewMap[None, *kernelv1.Clock]("kernel.clock", kernelv1.PrefixClock, all[*kernelv1.Clock])
	ranges     = NewMap[None, *kernelv1.Range]("kernel.range", kernelv1.PrefixRange, all[*kernelv1.Range])
	blockIDs   = NewMap[Pair[Uint64, Uint64], *kernelv1.BlockIDs]("kernel.ids", kernelv1.PrefixBlockIDs, nobody[*kernelv1.BlockIDs])
	totals     = NewMap[id.ID, *kernelv1.Totals]("kernel.totals", kernelv1.PrefixTotals, nobody[*kernelv1.Totals]).OwnedBy(FirstID)
	queue      = NewMap[queueKey, *kernelv1.QueueItem]("kernel.queue", kernelv1.PrefixQueue, nobody[*kernelv1.QueueItem])
	queueLanes = NewMap[Pair[id.ID, Text], *kernelv1.Count]("kernel.queue_lanes", kernelv1.PrefixQueueLanes, nobody[*kernelv1.Count])
	parameters = NewMap[Text, *kernelv1.Parameter]("kernel.parameters", kernelv1.PrefixParameters, all[*kernelv1.Parameter])
	protocols  = NewMap[None, *kernelv1.Protocol]("kernel.protocol", kernelv1.PrefixProtocol, all[*kernelv1.Protocol])
)

var ownCollections = []*Collection{
	networks.Declared(), clocks.Declared(), ranges.Declared(), blockIDs.Declared(),
	totals.Declared(), queue.Declared(), queueLanes.Declared(), parameters.Declared(), protocols.Declared(),
}

func all[V proto.Message](V) Audience    { return Public }
func nobody[V proto.Message](V) Audience { return Audience{} }
