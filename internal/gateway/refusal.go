package gateway

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"

	"github.com/aws/smithy-go"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/wire"
)

// family tells how a service words its refusals.
type family uint8

const (
	familyREST  family = iota // restJson1: 403
	familyJSON                // awsJson and CBOR: the same codes with 400
	familyQuery               // older codes, no "Exception"
	familyS3
)

func familyOf(c *wire.Call) family {
	switch c.Protocol {
	case wire.Query:
		return familyQuery
	case wire.RestJSON:
		return familyREST
	}
	return familyJSON
}

// refusal is one reason in the words of each family; code holds REST and JSON, query, S3.
type refusal struct {
	code    [3]string
	message string
	status  [3]int
}

// refusalOf words err; nil if err is not about the signature.
func refusalOf(err error) *refusal {
	var inc *incomplete
	var skew *skewed
	forbidden := [3]int{403, 403, 403}
	switch {
	case errors.Is(err, errUnsigned):
		return &refusal{[3]string{"MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"}, "Missing Authentication Token", forbidden}
	case errors.Is(err, ErrUnknownKey):
		return &refusal{[3]string{"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"},
			"The security token included in the request is invalid.", forbidden}
	case errors.Is(err, errToken):
		return &refusal{[3]string{"ExpiredTokenException", "ExpiredToken", "ExpiredToken"}, "The security token included in the request is expired", [3]int{403, 403, 400}}
	case errors.Is(err, errMismatch):
		return &refusal{[3]string{"InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"},
			"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.", forbidden}
	case errors.Is(err, errPayloadHash):
		return &refusal{[3]string{"InvalidSignatureException", "SignatureDoesNotMatch", "XAmzContentSHA256Mismatch"},
			"The provided 'x-amz-content-sha256' header does not match what was computed.", [3]int{403, 403, 400}}
	case errors.Is(err, errNoHash):
		return &refusal{[3]string{2: "InvalidRequest"}, "Missing required header for this request: x-amz-content-sha256", [3]int{2: 400}}
	case errors.As(err, &skew):
		code := "RequestTimeTooSkewed"
		if skew.presigned {
			code = "AccessDenied"
		}
		return &refusal{[3]string{"InvalidSignatureException", "SignatureDoesNotMatch", code}, skew.reason, forbidden}
	case errors.As(err, &inc):
		return &refusal{[3]string{"IncompleteSignatureException", "IncompleteSignature", "AuthorizationHeaderMalformed"}, inc.reason, [3]int{400, 400, 400}}
	}
	return nil
}

func isAuthError(err error) bool { return refusalOf(err) != nil }

// authError words err for a family. What is not about the signature stays as it is.
func authError(err error, f family) error {
	r := refusalOf(err)
	if r == nil {
		return err
	}
	at := map[family]int{familyQuery: 1, familyS3: 2}[f]
	status := r.status[at]
	if f == familyJSON {
		status = http.StatusBadRequest
	}
	return &wire.Error{Code: r.code[at], Message: r.message, Status: status}
}

// asError is err as an AWS error; what is none becomes an internal one without its detail.
func asError(err error) *wire.Error {
	if e := (*wire.Error)(nil); errors.As(err, &e) {
		return e
	}
	if ae := smithy.APIError(nil); errors.As(err, &ae) {
		return &wire.Error{Code: ae.ErrorCode(), Message: ae.ErrorMessage(), Status: http.StatusBadRequest}
	}
	return &wire.Error{Code: "InternalFailure", Message: "The request could not be authenticated.", Status: http.StatusInternalServerError}
}

// failNoService answers where no service was found to answer in its own shape: clients of query
// services read XML, the others JSON.
func failNoService(w http.ResponseWriter, r *http.Request, err error) {
	if !isForm(r) {
		failJSON(w, r, err)
		return
	}
	e, id := asError(err), caller.From(r.Context()).RequestID
	type detail struct{ Type, Code, Message string }
	type body struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     detail
		RequestId string
	}
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(e.Status)
	_ = xml.NewEncoder(w).Encode(body{Error: detail{"Sender", e.Code, e.Message}, RequestId: id}) // the client may be gone
}

func failJSON(w http.ResponseWriter, r *http.Request, err error) {
	e := asError(err)
	w.Header().Set("X-Amzn-Requestid", caller.From(r.Context()).RequestID)
	w.Header().Set("X-Amzn-Errortype", e.Code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": e.Code, "message": e.Message}) // the client may be gone
}

// failS3 answers in S3's shape.
func failS3(w http.ResponseWriter, r *http.Request, err error) {
	e, id := asError(err), caller.From(r.Context()).RequestID
	w.Header().Set("X-Amz-Request-Id", id)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(e.Status)
	type body struct {
		XMLName                  xml.Name `xml:"Error"`
		Code, Message, RequestId string
	}
	b, err := xml.Marshal(body{Code: e.Code, Message: e.Message, RequestId: id})
	if err == nil && r.Method != http.MethodHead {
		_, _ = w.Write(append([]byte(xml.Header), b...)) // the client may be gone
	}
}
