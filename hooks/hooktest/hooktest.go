// Package hooktest serves, over HTTP, the few calls of CodeDeploy, Lambda and S3 that a hook
// makes, in AWS's own wire formats: hooks are tested through the real SDK clients.
package hooktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Call is one invocation that reached the server.
type Call struct {
	Function, Qualifier, Type string
	Payload                   string
}

// Answer is what an invocation gives. The zero Answer is a function that returned nothing.
type Answer struct {
	Status        int    // of the API; 0 is 200
	FunctionError string // header X-Amz-Function-Error
	Version       string // header X-Amz-Executed-Version; the qualifier if empty
	Payload       string
	ErrorCode     string // an API error instead: its code; Status says its HTTP status
}

// Server is the AWS side. Set its members before the hook runs.
type Server struct {
	*httptest.Server
	// Revisions maps deployment ids to the JSON of their revision.
	Revisions map[string]string
	// Objects maps bucket/key to content.
	Objects map[string]string
	// Invoke answers an invocation; it runs concurrently.
	Invoke func(Call) Answer
	// PutError, if set, is the error code that a callback is answered with.
	PutError string

	mu    sync.Mutex
	calls []Call
	puts  []string
}

// New starts a server that stops with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Revisions: map[string]string{}, Objects: map[string]string{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// Config is the configuration under which SDK clients reach the server.
func (s *Server) Config() aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(s.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
}

// AppSpec sets the AppSpec of a deployment, as AppSpecContent.
func (s *Server) AppSpec(deployment, content string) {
	s.Revisions[deployment] = fmt.Sprintf(`{"revisionType":"AppSpecContent","appSpecContent":{"content":%q}}`, content)
}

// Calls are the invocations so far, in the order of their arrival.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Puts are the callbacks so far, each as "deployment execution status".
func (s *Server) Puts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.puts...)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		jsonError(w, 403, "MissingAuthenticationTokenException", "the request is not signed")
		return
	}
	target, isCodeDeploy := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "CodeDeploy_20141006.")
	function, isLambda := strings.CutPrefix(r.URL.EscapedPath(), "/2015-03-31/functions/")
	switch {
	case isCodeDeploy:
		s.codeDeploy(w, target, body)
	case isLambda:
		s.lambda(w, r, strings.TrimSuffix(function, "/invocations"), body)
	default:
		content, ok := s.Objects[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok || r.Method != "GET" {
			w.WriteHeader(404)
			io.WriteString(w, `<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>`)
			return
		}
		io.WriteString(w, content)
	}
}

func (s *Server) codeDeploy(w http.ResponseWriter, op string, body []byte) {
	var in struct {
		DeploymentID string `json:"deploymentId"`
		ExecutionID  string `json:"lifecycleEventHookExecutionId"`
		Status       string `json:"status"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		jsonError(w, 400, "SerializationException", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch op {
	case "GetDeployment":
		revision, ok := s.Revisions[in.DeploymentID]
		if !ok {
			jsonError(w, 400, "DeploymentDoesNotExistException", "no deployment "+in.DeploymentID)
			return
		}
		fmt.Fprintf(w, `{"deploymentInfo":{"deploymentId":%q,"computePlatform":"Lambda","createTime":1.7e9,"revision":%s}}`, in.DeploymentID, revision)
	case "PutLifecycleEventHookExecutionStatus":
		s.mu.Lock()
		s.puts = append(s.puts, in.DeploymentID+" "+in.ExecutionID+" "+in.Status)
		s.mu.Unlock()
		if s.PutError != "" {
			jsonError(w, 400, s.PutError, "refused")
			return
		}
		fmt.Fprintf(w, `{"lifecycleEventHookExecutionId":%q}`, in.ExecutionID)
	default:
		jsonError(w, 400, "UnknownOperationException", op)
	}
}

func (s *Server) lambda(w http.ResponseWriter, r *http.Request, function string, payload []byte) {
	name, err := url.PathUnescape(function)
	if err != nil {
		jsonError(w, 400, "InvalidParameterValueException", function)
		return
	}
	c := Call{Function: name, Qualifier: r.URL.Query().Get("Qualifier"), Type: r.Header.Get("X-Amz-Invocation-Type"), Payload: string(payload)}
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	a := s.Invoke(c)
	if a.ErrorCode != "" {
		jsonError(w, a.Status, a.ErrorCode, "refused")
		return
	}
	if a.FunctionError != "" {
		w.Header().Set("X-Amz-Function-Error", a.FunctionError)
	}
	if a.Version == "" {
		a.Version = c.Qualifier
	}
	w.Header().Set("X-Amz-Executed-Version", a.Version)
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	io.WriteString(w, a.Payload)
}

func jsonError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}
