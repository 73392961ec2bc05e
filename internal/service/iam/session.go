package iam

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
	"github.com/headgate/headgate/internal/id"
)

// ErrUnknownKey is returned for credentials that this platform did not hand out, or that have expired.
var ErrUnknownKey = errors.New("unknown or expired access key")

// Credentials are an access key; Token is empty for a long-lived one.
type Credentials struct {
	AccessKeyID, Secret, Token string
	Expires                    time.Time
}

// Sessions hands out credentials and recognises them. A session's secret follows from its id and the
// platform's key, and its token carries, sealed, whom it stands for: nothing is stored per session.
type Sessions struct {
	key  []byte
	root Credentials
}

// claims are what a session token says.
type claims struct {
	Account string `json:"a"`
	ARN     string `json:"p"`
	KeyID   string `json:"k"`
	Expires int64  `json:"e"` // unix seconds of wall time: a signature's date is wall time too
}

// OpenSessions reads the platform's key and its root access key from the store, making them on first use.
// Every node of a cluster reads the same.
func OpenSessions(ctx context.Context, d *db.DB) (*Sessions, error) {
	fresh := map[string]string{"session-key": random(32), "root-access-key": "AKIA" + id.Suffix(16), "root-secret-key": random(30)}
	got := map[string]string{}
	err := d.Update(ctx, func(tx *db.Tx) error {
		for name, value := range fresh {
			if _, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, value); err != nil {
				return err
			}
			v, err := db.One(tx, db.Value[string], `SELECT value FROM setting WHERE name = $1`, name)
			if err != nil {
				return err
			}
			got[name] = v
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("platform keys: %w", err)
	}
	return &Sessions{key: []byte(got["session-key"]), root: Credentials{AccessKeyID: got["root-access-key"], Secret: got["root-secret-key"]}}, nil
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawStdEncoding.EncodeToString(b)
}

// Root is the long-lived key of the default account: what clients beyond loopback sign with.
func (s *Sessions) Root() Credentials { return s.root }

// Issue makes credentials for a principal that hold for the time given (wall time).
func (s *Sessions) Issue(account, principal string, holds time.Duration) Credentials {
	c := claims{Account: account, ARN: principal, KeyID: "ASIA" + id.Suffix(16), Expires: time.Now().Add(holds).Unix()}
	body, _ := json.Marshal(c) // strings and a number: cannot fail
	text := base64.RawURLEncoding.EncodeToString(body)
	return Credentials{AccessKeyID: c.KeyID, Secret: s.sum("secret", c.KeyID), Token: text + "." + s.sum("token", text), Expires: time.Unix(c.Expires, 0)}
}

// Lookup returns the secret of an access key and whom it stands for, or ErrUnknownKey.
func (s *Sessions) Lookup(accessKeyID, token string) (secret string, who caller.Caller, err error) {
	if accessKeyID == s.root.AccessKeyID && token == "" {
		return s.root.Secret, caller.Caller{Account: caller.DefaultAccount, AccessKeyID: accessKeyID}, nil
	}
	text, seal, ok := strings.Cut(token, ".")
	if !ok || !hmac.Equal([]byte(seal), []byte(s.sum("token", text))) {
		return "", who, ErrUnknownKey
	}
	var c claims
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(body, &c) != nil || c.KeyID != accessKeyID || time.Now().Unix() > c.Expires {
		return "", who, ErrUnknownKey
	}
	return s.sum("secret", c.KeyID), caller.Caller{Account: c.Account, ARN: c.ARN, AccessKeyID: accessKeyID}, nil
}

// Seal vouches for a text that goes out and comes back, such as a link. Vouches checks it.
func (s *Sessions) Seal(text string) string { return s.sum("seal", text) }

// Vouches tells whether Seal made the seal for this text.
func (s *Sessions) Vouches(text, seal string) bool {
	return hmac.Equal([]byte(seal), []byte(s.Seal(text)))
}

func (s *Sessions) sum(use, text string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(use + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
