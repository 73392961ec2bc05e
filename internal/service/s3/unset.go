package s3

import (
	"encoding/xml"
	"net/http"
)

// unset are settings that a bucket here never has: what S3 answers to those who ask for them, as tools do that compare
// a bucket with its description. To put one is refused.
var unset = map[string]struct {
	err error
	doc string // where S3 answers an empty document rather than an error
}{
	"cors":           {err: fail("NoSuchCORSConfiguration", "The CORS configuration does not exist")},
	"website":        {err: fail("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")},
	"lifecycle":      {err: fail("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")},
	"replication":    {err: fail("ReplicationConfigurationNotFoundError", "The replication configuration was not found")},
	"object-lock":    {err: fail("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")},
	"encryption":     {err: fail("ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found")},
	"logging":        {doc: `<BucketLoggingStatus xmlns="` + namespace + `"/>`},
	"notification":   {doc: `<NotificationConfiguration xmlns="` + namespace + `"/>`},
	"accelerate":     {doc: `<AccelerateConfiguration xmlns="` + namespace + `"/>`},
	"requestPayment": {doc: `<RequestPaymentConfiguration xmlns="` + namespace + `"><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`},
}

func (s *Service) serveUnset(x *exchange, kind string) error {
	if _, err := s.bucket(x.Context(), &x.bucket); err != nil {
		return err
	}
	u := unset[kind]
	if u.err != nil {
		return u.err
	}
	x.w.Header().Set("Content-Type", "application/xml")
	_, _ = x.w.Write([]byte(xml.Header + u.doc)) // a client that is gone needs no answer
	return nil
}

// conditional puts S3's error documents where net/http answers an unmet condition or range in its own words.
type conditional struct {
	http.ResponseWriter
	x       *exchange
	refused bool
}

func (c *conditional) WriteHeader(code int) {
	var err error
	switch code {
	case http.StatusPreconditionFailed:
		err = fail("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	case http.StatusRequestedRangeNotSatisfiable:
		err = fail("InvalidRange", "The requested range is not satisfiable")
	default:
		c.ResponseWriter.WriteHeader(code)
		return
	}
	c.refused = true
	for _, name := range []string{"Content-Encoding", "X-Content-Type-Options"} {
		c.Header().Del(name)
	}
	c.x.refuse(err)
}

func (c *conditional) Write(b []byte) (int, error) {
	if c.refused {
		return len(b), nil
	}
	return c.ResponseWriter.Write(b)
}
