//go:build pkcs11 && cgo

package token

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/pkcs11"
)

// Token is an open token that is logged in to. It is safe for concurrent use; it does one thing at a time.
type Token struct {
	path, label string

	mu      sync.Mutex
	module  *pkcs11.Ctx
	session pkcs11.SessionHandle
	pin     string // empty once the token has refused it: a second try would bring its lock nearer
	opened  int    // how often, so that handles of an earlier session are not used
	closed  bool
}

// loaded are the modules in use: PKCS#11 starts and ends a library once for the whole process.
var loaded = struct {
	sync.Mutex
	modules map[string]*shared
}{modules: map[string]*shared{}}

type shared struct {
	ctx   *pkcs11.Ctx
	users int
	pins  map[string]string // by token, which took them: a process that is logged in already is asked for none again
}

// Open loads the module, finds the token by its label and logs in. Close it when done.
func Open(module, label, pin string) (*Token, error) {
	if err := CheckPlace(module, label); err != nil {
		return nil, err
	}
	if pin == "" {
		return nil, fmt.Errorf("%w: it is empty; nothing was tried", ErrPIN)
	}
	ctx, err := load(module)
	if err != nil {
		return nil, err
	}
	t := &Token{path: module, label: label, module: ctx, pin: pin}
	if err := t.open(); err != nil {
		return nil, errors.Join(err, unload(module))
	}
	return t, nil
}

func load(path string) (*pkcs11.Ctx, error) {
	loaded.Lock()
	defer loaded.Unlock()
	if m := loaded.modules[path]; m != nil {
		m.users++
		_ = m.ctx.Initialize() // somebody else in the process may have ended it; what is wrong shows when it is used
		return m.ctx, nil
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: there is no file %s; install the token's software, and name its library", ErrModule, path)
	}
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, fmt.Errorf("%w: %s is no PKCS#11 library for this machine", ErrModule, path)
	}
	if err := ctx.Initialize(); err != nil && !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		ctx.Destroy()
		return nil, fmt.Errorf("%w: %s does not start: %w; look at its own configuration", ErrModule, path, err)
	}
	loaded.modules[path] = &shared{ctx: ctx, users: 1, pins: map[string]string{}}
	return ctx, nil
}

func unload(path string) error {
	loaded.Lock()
	defer loaded.Unlock()
	m := loaded.modules[path]
	if m.users--; m.users > 0 {
		return nil
	}
	delete(loaded.modules, path)
	err := m.ctx.Finalize()
	m.ctx.Destroy()
	if is(err, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED) {
		return nil
	}
	return err
}

// open finds the slot, which may be another after the token was taken out, opens a session and logs in.
func (t *Token) open() error {
	if t.pin == "" {
		return fmt.Errorf("%w: it did before; open the token again with the right one", ErrPIN)
	}
	slot, err := t.slot()
	if err != nil {
		return err
	}
	if t.session, err = t.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
		return fmt.Errorf("%w: no session: %w; take it out and put it in again", ErrLost, err)
	}
	t.opened++
	if err = t.login(); err == nil {
		return nil
	}
	t.forget(err)
	return errors.Join(t.refused(slot, err), t.module.CloseSession(t.session))
}

// login also compares the PIN with the one that this process is logged in by already, which the token does not.
func (t *Token) login() error {
	loaded.Lock()
	defer loaded.Unlock()
	err, pins := t.module.Login(t.session, pkcs11.CKU_USER, t.pin), loaded.modules[t.path].pins
	if is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		if taken, ok := pins[t.label]; ok && taken != t.pin {
			return pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)
		}
		return nil
	}
	if err == nil {
		pins[t.label] = t.pin
	}
	return err
}

// forget drops a PIN that the token refused.
func (t *Token) forget(err error) {
	if is(err, pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_PIN_EXPIRED) {
		t.pin = ""
	}
}

// refused says what a login's refusal means, and how near the token is to its lock.
func (t *Token) refused(slot uint, err error) error {
	info, _ := t.module.GetTokenInfo(slot)
	switch {
	case is(err, pkcs11.CKR_PIN_LOCKED) || info.Flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
		return fmt.Errorf("%w: it is locked after too many tries; its security officer unlocks it (%w)", ErrPIN, err)
	case is(err, pkcs11.CKR_USER_PIN_NOT_INITIALIZED):
		return fmt.Errorf("%w: the token has none yet; set one with the token's own tool (%w)", ErrPIN, err)
	case info.Flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0:
		return fmt.Errorf("%w: one try is left before it locks; be sure of the PIN first (%w)", ErrPIN, err)
	}
	return fmt.Errorf("%w: type it again, or look into the file that it came from; the token locks after a few tries (%w)", ErrPIN, err)
}

func (t *Token) slot() (uint, error) {
	slots, err := t.module.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLost, err)
	}
	var found []uint
	var there []string
	for _, s := range slots {
		info, err := t.module.GetTokenInfo(s)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		label := strings.TrimRight(info.Label, " \x00")
		there = append(there, fmt.Sprintf("%q", label))
		if label == t.label {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if len(there) == 0 {
			return 0, fmt.Errorf("%w: none is plugged in; plug in %q", ErrNoToken, t.label)
		}
		slices.Sort(there)
		return 0, fmt.Errorf("%w: %q is not plugged in, only %s", ErrNoToken, t.label, strings.Join(there, ", "))
	}
	return 0, fmt.Errorf("%w: %d tokens have the label %q; take out all but one", ErrNoToken, len(found), t.label)
}

// do runs what uses the session; where the session was lost, it opens a new one and runs it once more.
func (t *Token) do(f func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fmt.Errorf("%w: it was closed", ErrLost)
	}
	err := f()
	if !isLost(err) {
		return err
	}
	if is(err, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED) {
		_ = t.module.Initialize() // where it fails, open tells
	}
	_ = t.module.CloseSession(t.session) // most likely there is none
	if err := t.open(); err != nil {
		return err
	}
	if err = f(); isLost(err) {
		return fmt.Errorf("%w: it was opened again and lost again: %w; take it out and put it in again", ErrLost, err)
	}
	return err
}

// Close ends the session, and the module where no other token uses it. Keys of the token can then no longer sign.
func (t *Token) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed, t.pin = true, ""
	err := t.module.CloseSession(t.session)
	if isLost(err) {
		err = nil
	}
	return errors.Join(err, unload(t.path))
}

// isLost tells errors after which a new session helps; an operation that never ended is one.
func isLost(err error) bool {
	return is(err, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_USER_NOT_LOGGED_IN, pkcs11.CKR_OPERATION_ACTIVE,
		pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED,
		pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_OBJECT_HANDLE_INVALID, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)
}

func is(err error, codes ...uint) bool {
	var code pkcs11.Error
	return errors.As(err, &code) && slices.Contains(codes, uint(code))
}
