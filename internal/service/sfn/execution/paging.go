package execution

import (
	"encoding/base64"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// pageToken is where a listing goes on.
type pageToken struct {
	Of    string `json:"o"`           // what is listed: a token of another listing is refused
	At    int64  `json:"a,omitempty"` // of the last one told: when it started
	ID    int64  `json:"i,omitempty"` // or, of an event, its id
	After string `json:"n,omitempty"`
}

func (t pageToken) String() *string {
	s := base64.StdEncoding.EncodeToString(encode(t))
	return &s
}

// read reads what String wrote; nil is the beginning.
func (t *pageToken) read(s *string, of string) error {
	if s == nil {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(*s)
	if err != nil || json.Unmarshal(raw, t) != nil || t.Of != of {
		return &types.InvalidToken{Message: text("Invalid Token: 'Invalid token'")}
	}
	return nil
}

// pageSize checks maxResults; 0 means the default.
func pageSize(n int32, standard int) (int, error) {
	switch {
	case n == 0:
		return standard, nil
	case n < 0:
		return 0, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 0", n)
	case n > 1000:
		return 0, invalid("1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000", n)
	}
	return int(n), nil
}

// invalid is a ValidationException, for which the SDK has a struct only with a reason.
func invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Message: *text(format, args...), Fault: smithy.FaultClient}
}
