package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/headgate/headgate/internal/template/tree"
)

// maxDefinition is the limit of a definition in bytes.
const maxDefinition = 1 << 20

// oneDefinition says that a state machine has one definition, in CloudFormation's words.
func oneDefinition(p Properties) error {
	n := 0
	for _, name := range []string{"Definition", "DefinitionString", "DefinitionS3Location"} {
		if p[name] != nil {
			n++
		}
	}
	switch n {
	case 0:
		return errors.New("Property validation failed. Required key [DefinitionS3Location], [Definition] or [DefinitionString] not found.")
	case 1:
		return nil
	}
	return errors.New("Property validation failed. Please use either [DefinitionS3Location], [Definition] or [DefinitionString] but not both.")
}

// definition is the text that Step Functions is given: from whichever place, with the substitutions made.
func (h *stateMachine) definition(ctx context.Context, p Properties) (string, error) {
	replace, err := substitutions(p)
	if err != nil {
		return "", err
	}
	if at := p.object("DefinitionS3Location"); at != nil {
		return h.fetched(ctx, at, replace)
	}
	if p["Definition"] == nil {
		return replace(p.text("DefinitionString"))
	}
	object := p.object("Definition")
	if object == nil {
		return "", failf("#/Definition: expected type: JSONObject, found: %s", found(p["Definition"]))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(map[string]any(object)); err != nil {
		return "", failf("Invalid StateMachine definition file.")
	}
	return replace(strings.TrimSuffix(b.String(), "\n"))
}

// fetched reads a definition, JSON or YAML, from a bucket. What it is shows after the substitutions, which
// may stand where JSON has no quotes.
func (h *stateMachine) fetched(ctx context.Context, at Properties, replace func(string) (string, error)) (string, error) {
	if h.s3 == nil {
		return "", failf("DefinitionS3Location: there is no S3")
	}
	bucket, key := at.text("Bucket"), at.text("Key")
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	if v := at.text("Version"); v != "" {
		in.VersionId = &v
	}
	out, err := h.s3.GetObject(ctx, in)
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(out.Body, maxDefinition+1))
	if err != nil {
		return "", fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	if len(raw) > maxDefinition {
		return "", failf("State Machine definition file cannot exceed 1MB.")
	}
	text, err := replace(string(raw))
	if err != nil || json.Valid([]byte(text)) {
		return text, err
	}
	doc, err := tree.Parse([]byte(text))
	if err != nil || !doc.Root.Is(tree.Map) {
		return "", failf("Invalid StateMachine definition file.")
	}
	return string(doc.Root.Indent("  ")), nil
}

// substitutions returns what replaces each ${name} of DefinitionSubstitutions by its value. Values may
// contain names in turn; those that lead back to themselves are refused. What no name fits stays: it may be meant so.
func substitutions(p Properties) (func(string) (string, error), error) {
	values, ok := p["DefinitionSubstitutions"].(map[string]any)
	if !ok && p["DefinitionSubstitutions"] != nil {
		return nil, failf("#/DefinitionSubstitutions: expected type: JSONObject, found: %s", found(p["DefinitionSubstitutions"]))
	}
	var pairs []string
	for name, v := range values {
		s, ok := asText(v)
		if !ok {
			return nil, failf("#/DefinitionSubstitutions/%s: expected type: String, found: %s", name, found(v))
		}
		pairs = append(pairs, "${"+name+"}", s)
	}
	r := strings.NewReplacer(pairs...)
	return func(text string) (string, error) {
		for range len(values) + 1 { // each round goes one value deeper
			next := r.Replace(text)
			if next == text {
				return text, nil
			}
			if text = next; len(text) > maxDefinition {
				return "", failf("State Machine definition file cannot exceed 1MB.")
			}
		}
		return "", failf("DefinitionSubstitutions refer to each other in a circle")
	}, nil
}
