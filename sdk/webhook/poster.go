package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The headers of a post.
const (
	HeaderKey       = "Idempotency-Key"
	HeaderTime      = "Splittally-Timestamp" // unix seconds when this try was made
	HeaderSignature = "Splittally-Signature" // v1= and hex of HMAC-SHA256 over time, ".", key, ".", body
)

const (
	minSecret    = 16 // bytes
	signedAs     = "v1="
	maxAnswer    = 64 << 10         // bytes that are read of an answer
	tryTimeout   = 10 * time.Second // of one try
	defaultTries = 8
	firstPause   = time.Second
	longestPause = 2 * time.Minute
	// Tolerance is how old a post may be for Verify.
	Tolerance = 5 * time.Minute
)

// Errors of posting.
var (
	// ErrRejected: the server said that it will not take the notice, however often it is sent.
	ErrRejected = errors.New("the server rejects the notice")
	// ErrUndelivered: the server could not be reached, or failed, in every try.
	ErrUndelivered = errors.New("the notice was not delivered")
	// ErrSignature: a post is not from who has the secret, is changed, or is old.
	ErrSignature = errors.New("the post is not signed with the secret, or is old")
)

// Poster posts notices to a URL. A notice may come more than once, with the same key; never out of order, for the next is
// sent once the one before it was taken (any status from 200 to 299).
type Poster struct {
	url    string
	secret []byte
	client *http.Client
	tries  int
	pause  time.Duration
	now    func() time.Time
}

// Option changes a Poster.
type Option func(*Poster)

// WithTransport uses another way to the server, for tests and proxies.
func WithTransport(t http.RoundTripper) Option { return func(p *Poster) { p.client.Transport = t } }

// WithTries bounds the tries of one notice and sets the first pause between them, which doubles.
func WithTries(n int, pause time.Duration) Option {
	return func(p *Poster) { p.tries, p.pause = n, pause }
}

// WithTimeout bounds one try.
func WithTimeout(d time.Duration) Option { return func(p *Poster) { p.client.Timeout = d } }

// NewPoster makes a poster to an https URL; the secret, of at least 16 bytes, is shared with the server alone.
func NewPoster(to string, secret []byte, options ...Option) (*Poster, error) {
	u, err := url.Parse(to)
	switch {
	case err != nil || u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("webhook %q: an https URL is needed", to)
	case u.User != nil:
		return nil, errors.New("webhook: leave user and password out of the URL; the signature shows who posts")
	case len(secret) < minSecret:
		return nil, fmt.Errorf("webhook: a secret has at least %d bytes, this has %d", minSecret, len(secret))
	}
	p := &Poster{url: to, secret: bytes.Clone(secret), tries: defaultTries, pause: firstPause, now: time.Now, client: &http.Client{
		Timeout: tryTimeout,
		// A redirect would carry amounts and parties to whom nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, o := range options {
		o(p)
	}
	return p, nil
}

// Post delivers one notice: it tries until the server takes it, refuses it for good, or the tries are used up.
func (p *Poster) Post(ctx context.Context, n Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	pause := p.pause
	for try := 1; ; try++ {
		again, err := p.try(ctx, n.Key, body)
		if err == nil || ctx.Err() != nil || !again {
			return errors.Join(err, ctx.Err())
		}
		if try >= p.tries {
			return fmt.Errorf("%w after %d tries: %w", ErrUndelivered, try, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, longestPause)
	}
}

func (p *Poster) try(ctx context.Context, key string, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	at := strconv.FormatInt(p.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(HeaderKey, key)
	req.Header.Set(HeaderTime, at)
	req.Header.Set(HeaderSignature, signedAs+hex.EncodeToString(sign(p.secret, at, key, body)))
	res, err := p.client.Do(req)
	if err != nil {
		return true, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
		return false, nil
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code == http.StatusConflict:
		return true, fmt.Errorf("the server answered %s", res.Status)
	default:
		return false, fmt.Errorf("%w: it answered %s", ErrRejected, res.Status)
	}
}

func sign(secret []byte, at, key string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	_, _ = fmt.Fprintf(h, "%s.%s.", at, key)
	_, _ = h.Write(body)
	return h.Sum(nil)
}

// Verify is for the server: it checks the headers of a post against its body, which must not be older than Tolerance,
// and reads the notice. Whoever calls it keeps the keys that it has seen.
func Verify(secret []byte, header http.Header, body []byte, now time.Time) (Notice, error) {
	at, key := header.Get(HeaderTime), header.Get(HeaderKey)
	unixS, err := strconv.ParseInt(at, 10, 64)
	sent, hexed := strings.CutPrefix(header.Get(HeaderSignature), signedAs)
	got, err2 := hex.DecodeString(sent)
	age := now.Sub(time.Unix(unixS, 0))
	if err != nil || err2 != nil || !hexed || !hmac.Equal(got, sign(secret, at, key, body)) || age > Tolerance || age < -Tolerance {
		return Notice{}, ErrSignature
	}
	n := Notice{}
	if err := json.Unmarshal(body, &n); err != nil || n.Key != key {
		return Notice{}, fmt.Errorf("%w: the body is no notice of this key", ErrSignature)
	}
	return n, nil
}
