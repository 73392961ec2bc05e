package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate/headgate/arazzo/runner"
)

// HAR writes the HTTP exchanges of a run as an HTTP Archive 1.2, each when it is done. It is an Observer; Close ends the archive.
type HAR struct {
	w       io.Writer
	err     error // the first one; nothing is written after it
	entries int
	open    map[int]runner.RequestSent // by exchange
}

var _ runner.Observer = (*HAR)(nil)

// NewHAR begins an archive. version is that of the program.
func NewHAR(w io.Writer, version string) *HAR {
	h := &HAR{w: w, open: map[int]runner.RequestSent{}}
	creator, _ := json.Marshal(version)
	h.write(`{"log":{"version":"1.2","creator":{"name":"headgate","version":%s},"entries":[`, creator)
	return h
}

func (h *HAR) write(format string, args ...any) {
	if h.err == nil {
		_, h.err = fmt.Fprintf(h.w, format, args...)
	}
}

// Close ends the archive and tells the first error of writing it. It does not close the writer.
func (h *HAR) Close() error {
	h.write("\n]}}\n")
	if h.err != nil {
		return fmt.Errorf("write HTTP archive: %w", h.err)
	}
	return nil
}

// Observe implements runner.Observer.
func (h *HAR) Observe(e runner.Event) {
	switch e := e.(type) {
	case runner.RequestSent:
		if e.DryRun {
			h.entry(e, runner.ResponseReceived{})
			return
		}
		h.open[e.Exchange] = e
	case runner.ResponseReceived:
		if req, found := h.open[e.Exchange]; found {
			delete(h.open, e.Exchange)
			h.entry(req, e)
		}
	}
}

func (h *HAR) entry(req runner.RequestSent, resp runner.ResponseReceived) {
	out, err := json.Marshal(archive(req, resp))
	if err != nil {
		if h.err == nil {
			h.err = err
		}
		return
	}
	comma := ","
	if h.entries++; h.entries == 1 {
		comma = ""
	}
	h.write("%s\n%s", comma, out)
}

type harEntry struct {
	Started  string      `json:"startedDateTime"`
	Time     float64     `json:"time"`
	Request  harRequest  `json:"request"`
	Response harResponse `json:"response"`
	Cache    struct{}    `json:"cache"`
	Timings  harTimings  `json:"timings"`
	Comment  string      `json:"comment,omitempty"`
	Workflow string      `json:"_workflowId"`
	Step     string      `json:"_stepId"`
	Attempt  int         `json:"_attempt"`
}

type harRequest struct {
	Method      string       `json:"method"`
	URL         string       `json:"url"`
	HTTPVersion string       `json:"httpVersion"`
	Cookies     []harCookie  `json:"cookies"`
	Headers     []harPair    `json:"headers"`
	QueryString []harPair    `json:"queryString"`
	PostData    *harPostData `json:"postData,omitempty"`
	HeadersSize int          `json:"headersSize"`
	BodySize    int          `json:"bodySize"`
}

type harResponse struct {
	Status      int         `json:"status"`
	StatusText  string      `json:"statusText"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harPair   `json:"headers"`
	Content     harContent  `json:"content"`
	RedirectURL string      `json:"redirectURL"`
	HeadersSize int         `json:"headersSize"`
	BodySize    int         `json:"bodySize"`
	Error       string      `json:"_error,omitempty"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harCookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
}

type harPostData struct {
	MimeType string    `json:"mimeType"`
	Params   []harPair `json:"params,omitempty"`
	Text     string    `json:"text"`
}

type harContent struct {
	Size     int    `json:"size"`
	MimeType string `json:"mimeType"`
	Text     string `json:"text,omitempty"`
	Encoding string `json:"encoding,omitempty"`
}

type harTimings struct {
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// unknown is what HAR writes for a size or time that nobody measured.
const unknown = -1

func archive(req runner.RequestSent, resp runner.ResponseReceived) harEntry {
	proto := resp.Proto
	if proto == "" {
		proto = "HTTP/1.1"
	}
	e := harEntry{
		Started: req.Time.Format(time.RFC3339Nano), Time: ms(resp.Duration), Workflow: req.WorkflowID, Step: req.StepID, Attempt: req.Attempt,
		Timings: harTimings{Send: 0, Wait: ms(resp.FirstByte), Receive: ms(max(0, resp.Duration-resp.FirstByte))},
	}
	if req.DryRun {
		e.Comment = "not sent: dry run"
	}
	e.Request = harRequest{
		Method: req.Method, URL: req.URL, HTTPVersion: proto, Headers: pairs(req.Header), HeadersSize: unknown, BodySize: len(req.Body),
		Cookies: cookies((&http.Request{Header: req.Header}).Cookies()), QueryString: query(req.URL), PostData: post(req),
	}
	e.Response = harResponse{
		Status: resp.StatusCode, StatusText: http.StatusText(resp.StatusCode), HTTPVersion: proto, Headers: pairs(resp.Header), HeadersSize: unknown,
		BodySize: len(resp.Body), Cookies: cookies((&http.Response{Header: resp.Header}).Cookies()), RedirectURL: resp.Header.Get("Location"),
		Content: harContent{Size: len(resp.Body), MimeType: resp.Header.Get("Content-Type"), Text: string(resp.Body)},
	}
	if !utf8.Valid(resp.Body) {
		e.Response.Content.Text, e.Response.Content.Encoding = base64.StdEncoding.EncodeToString(resp.Body), "base64"
	}
	if resp.Err != nil {
		e.Response.Error = resp.Err.Error()
	}
	return e
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func pairs(h http.Header) []harPair {
	out := []harPair{}
	for name, values := range h {
		for _, v := range values {
			out = append(out, harPair{name, v})
		}
	}
	slices.SortStableFunc(out, func(a, b harPair) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func cookies(list []*http.Cookie) []harCookie {
	out := []harCookie{}
	for _, c := range list {
		out = append(out, harCookie{c.Name, c.Value, c.Path, c.Domain, c.HttpOnly, c.Secure})
	}
	return out
}

// query splits the query of a URL in its own order.
func query(raw string) []harPair {
	out := []harPair{}
	u, err := url.Parse(raw)
	if err != nil || u.RawQuery == "" {
		return out
	}
	return append(out, form(u.RawQuery)...)
}

func form(encoded string) []harPair {
	var out []harPair
	for part := range strings.SplitSeq(encoded, "&") {
		name, value, _ := strings.Cut(part, "=")
		out = append(out, harPair{unescape(name), unescape(value)})
	}
	return out
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

func post(req runner.RequestSent) *harPostData {
	if len(req.Body) == 0 {
		return nil
	}
	p := &harPostData{MimeType: req.Header.Get("Content-Type"), Text: string(req.Body)}
	if media, _, err := mime.ParseMediaType(p.MimeType); err == nil && media == "application/x-www-form-urlencoded" {
		p.Params = form(p.Text)
	}
	return p
}
