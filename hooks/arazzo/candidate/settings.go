package candidate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/arazzo"
	"github.com/headgate/headgate/hooks/appspec"
	"github.com/headgate/headgate/hooks/lifecycle"
)

// settings come from the function's environment variables.
type settings struct {
	Document    string            // ARAZZO_WORKFLOW: file in the package, s3://bucket/key, URL, or the text itself
	WorkflowID  string            // ARAZZO_WORKFLOW_ID
	Inputs      map[string]any    // ARAZZO_INPUTS: further inputs, a JSON object
	Sources     map[string]string // ARAZZO_SOURCES: NAME=PLACE, separated by commas
	Servers     map[string]string // ARAZZO_SERVERS: likewise
	Strict      bool              // ARAZZO_STRICT
	AllowRemote bool              // ARAZZO_ALLOW_REMOTE: documents may name others elsewhere on the network
	Root        string            // LAMBDA_TASK_ROOT, where the package lies
}

func badSetting(format string, args ...any) error {
	return &lifecycle.Error{Code: "BadConfiguration", Message: fmt.Sprintf(format, args...)}
}

func readSettings(env func(string) string) (settings, error) {
	s := settings{Document: env("ARAZZO_WORKFLOW"), WorkflowID: env("ARAZZO_WORKFLOW_ID"), Inputs: map[string]any{}, Root: env("LAMBDA_TASK_ROOT")}
	if text := env("ARAZZO_INPUTS"); text != "" {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&s.Inputs); err != nil || s.Inputs == nil {
			return s, badSetting("ARAZZO_INPUTS is not a JSON object: %v", err)
		}
	}
	var err error
	if s.Sources, err = assignments("ARAZZO_SOURCES", env("ARAZZO_SOURCES")); err != nil {
		return s, err
	}
	if s.Servers, err = assignments("ARAZZO_SERVERS", env("ARAZZO_SERVERS")); err != nil {
		return s, err
	}
	if s.Strict, err = yesNo("ARAZZO_STRICT", env("ARAZZO_STRICT")); err != nil {
		return s, err
	}
	s.AllowRemote, err = yesNo("ARAZZO_ALLOW_REMOTE", env("ARAZZO_ALLOW_REMOTE"))
	return s, err
}

func assignments(variable, text string) (map[string]string, error) {
	out := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok || name == "" || value == "" {
			return nil, badSetting("%s: %q is not NAME=VALUE", variable, part)
		}
		out[name] = value
	}
	return out, nil
}

func yesNo(variable, text string) (bool, error) {
	switch strings.ToLower(text) {
	case "", "0", "false", "no":
		return false, nil
	case "1", "true", "yes":
		return true, nil
	}
	return false, badSetting("%s is neither true nor false: %q", variable, text)
}

// workflow reads the document and finds the workflow in it.
func (c *checker) workflow(ctx context.Context, s settings) (*arazzo.Document, *arazzo.Workflow, error) {
	text, location, err := c.document(ctx, s)
	if err != nil {
		return nil, nil, &lifecycle.Error{Code: "WorkflowMissing", Message: err.Error()}
	}
	doc, findings := arazzo.Parse(text, location)
	if !arazzo.HasErrors(findings) {
		findings = arazzo.Validate(doc, arazzo.Strictness(s.Strict))
	}
	for _, f := range findings {
		if f.Severity == arazzo.SeverityError {
			return nil, nil, &lifecycle.Error{Code: "InvalidWorkflow", Message: fmt.Sprintf("%s:%v", location, f)}
		}
	}
	if s.WorkflowID == "" {
		return doc, doc.Workflows[0], nil
	}
	if w := doc.Workflow(s.WorkflowID); w != nil {
		return doc, w, nil
	}
	return nil, nil, &lifecycle.Error{Code: "WorkflowMissing", Message: fmt.Sprintf("%s has no workflow %q", location, s.WorkflowID)}
}

// names are what a document in the package may be called.
var names = []string{"workflow.arazzo.yaml", "workflow.arazzo.yml", "workflow.arazzo.json", "arazzo.yaml", "arazzo.yml", "arazzo.json"}

// maxDocument bounds a document from S3.
const maxDocument = 16 << 20

// document reads the text of the workflow document from where the settings say.
func (c *checker) document(ctx context.Context, s settings) (text []byte, location string, err error) {
	place := strings.TrimSpace(s.Document)
	switch {
	case place == "":
		return s.packaged()
	case strings.ContainsAny(place, "\n{"): // nothing that names a place has these
		return []byte(s.Document), filepath.Join(s.root(), "workflow.arazzo.yaml"), nil
	case strings.HasPrefix(place, "s3://"):
		text, err = c.fromS3(ctx, place)
		return text, filepath.Join(s.root(), "workflow.arazzo.yaml"), err // its sources lie in the package
	case strings.HasPrefix(place, "https://"), strings.HasPrefix(place, "http://"):
		file, err := c.loader(s).OpenDocument(ctx, place)
		if err != nil {
			return nil, "", err
		}
		return file.Data, file.Location, nil
	}
	if !filepath.IsAbs(place) {
		place = filepath.Join(s.root(), place)
	}
	text, err = os.ReadFile(place)
	return text, place, err
}

func (s settings) root() string {
	if s.Root != "" {
		return s.Root
	}
	return "."
}

// packaged finds the document beside the program.
func (s settings) packaged() ([]byte, string, error) {
	for _, name := range names {
		place := filepath.Join(s.root(), name)
		if text, err := os.ReadFile(place); err == nil {
			return text, place, nil
		}
	}
	found, err := filepath.Glob(filepath.Join(s.root(), "*.arazzo.*"))
	if err != nil {
		return nil, "", err
	}
	if len(found) != 1 {
		return nil, "", fmt.Errorf("%w: the package holds none of %s and %d files *.arazzo.*; name it in ARAZZO_WORKFLOW", errNoWorkflow, strings.Join(names, ", "), len(found))
	}
	text, err := os.ReadFile(found[0])
	return text, found[0], err
}

func (c *checker) fromS3(ctx context.Context, place string) ([]byte, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(place, "s3://"), "/")
	if !ok || bucket == "" || key == "" {
		return nil, fmt.Errorf("%s is not s3://BUCKET/KEY", place)
	}
	out, err := c.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", place, err)
	}
	defer out.Body.Close()
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(out.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", place, err)
	}
	if n > maxDocument {
		return nil, fmt.Errorf("%s has more than %d bytes", place, maxDocument)
	}
	return b.Bytes(), nil
}

// versionNames are what an input for the version under test may be called, in small letters.
var versionNames = []string{"qualifier", "version", "targetversion", "functionversion"}

// injected are the values that a deployment has for a workflow's inputs, by the names that inputs may have, in small letters.
func injected(e lifecycle.Event, r appspec.Resource) map[string]string {
	values := map[string]string{
		"functionname": r.Name, "function": r.Name, "alias": r.Alias, "currentversion": r.CurrentVersion, "deploymentid": e.DeploymentID,
	}
	for _, name := range versionNames {
		values[name] = r.TargetVersion
	}
	return values
}

// inputsFor are the inputs of the settings and, for every input that the workflow declares under one of their names, the deployment's
// values. A workflow that takes no version would test something else than the candidate, so it is refused.
func (s settings) inputsFor(w *arazzo.Workflow, e lifecycle.Event, r appspec.Resource) (map[string]any, error) {
	in := maps.Clone(s.Inputs)
	values := injected(e, r)
	tested := false
	for _, name := range declared(w) {
		plain := strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "").Replace(name))
		if v := values[plain]; v != "" {
			in[name] = v
		}
		tested = tested || slices.Contains(versionNames, plain)
	}
	if !tested {
		return nil, &lifecycle.Error{Code: "InvalidWorkflow", Message: fmt.Sprintf(
			"workflow %s declares no input qualifier (or version), so it cannot test version %s", w.WorkflowID, r.TargetVersion)}
	}
	return in, nil
}

// declared are the names of a workflow's inputs.
func declared(w *arazzo.Workflow) []string {
	if w.Inputs == nil {
		return nil
	}
	schema := w.Inputs.Value
	if ref := schema.Member("$ref"); ref != nil && w.Document().Components != nil {
		text, _ := ref.Scalar.(string)
		if s, found := w.Document().Components.Inputs.Get(strings.TrimPrefix(text, "#/components/inputs/")); found {
			schema = s.Value
		}
	}
	var names []string
	if properties := schema.Member("properties"); properties != nil {
		for _, m := range properties.Members {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}
