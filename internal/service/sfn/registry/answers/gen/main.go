// Command gen writes the facts that package answers embeds: the shapes of what the operations of AWS's services answer.
// It reads the public API models in the form botocore ships.
//
//	go run ./internal/service/sfn/registry/answers/gen -botocore DIR   # DIR holds lambda/2015-03-31/service-2.json.gz …
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// services maps the models' folders to the names that integrations go by: those with an optimised integration, those
// that the platform has, and others that state machines often call.
var services = map[string][]string{
	"athena": nil, "batch": nil, "bedrock-runtime": {"bedrock", "bedrockruntime"}, "cloudformation": nil, "cloudwatch": nil,
	"codebuild": nil, "codedeploy": nil, "codepipeline": nil, "cognito-idp": {"cognitoidentityprovider"}, "comprehend": nil,
	"dynamodb": nil, "ecr": nil, "ecs": nil, "emr": {"elasticmapreduce", "emr"}, "emr-serverless": {"emrserverless"},
	"events": {"events", "eventbridge"}, "firehose": nil, "glue": nil, "iam": nil, "kinesis": nil, "kms": nil, "lambda": nil,
	"logs": {"cloudwatchlogs"}, "mediaconvert": nil, "pipes": nil, "polly": nil, "rds-data": {"rdsdata"},
	"redshift-data": {"redshiftdata"}, "rekognition": nil, "s3": nil, "scheduler": nil, "secretsmanager": nil, "sesv2": nil,
	"sns": nil, "sqs": nil, "ssm": nil, "stepfunctions": {"states", "sfn"}, "sts": nil, "textract": nil, "transcribe": nil,
	"translate": nil,
}

// elsewhere are limits that differ from the newest model's: those that AWS's TestState was recorded with. Lambda's
// bigger functions are for managed instances, which are another compute type.
var elsewhere = map[string]json.Number{"lambda MemorySize": "10240"}

type model struct {
	Operations map[string]struct{ Output ref }
	Shapes     map[string]*shape

	lines []string
	seen  map[string]bool
}

type shape struct {
	Type     string
	Required []string
	Members  json.RawMessage // an object whose order counts
	Member   ref
	Value    ref
	Min, Max *json.Number
	Enum     []string
	Document bool
}

type ref struct{ Shape string }

func main() {
	dir := flag.String("botocore", "", "botocore's data folder")
	out := flag.String("out", "internal/service/sfn/registry/answers/facts.tsv.gz", "where to write")
	flag.Parse()
	var text bytes.Buffer
	for _, folder := range slices.Sorted(maps.Keys(services)) {
		names := services[folder]
		if names == nil {
			names = []string{folder}
		}
		m, err := read(filepath.Join(*dir, folder))
		if err != nil {
			log.Fatal(err)
		}
		for name, limit := range elsewhere {
			if shape, ok := strings.CutPrefix(name, folder+" "); ok {
				m.Shapes[shape].Max = &limit
			}
		}
		fmt.Fprintf(&text, "#\t%s\n", strings.Join(names, "\t"))
		for _, line := range m.facts() {
			fmt.Fprintln(&text, line)
		}
	}
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if _, err := z.Write(text.Bytes()); err != nil {
		log.Fatal(err)
	}
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, packed.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// read reads the newest version of a model.
func read(folder string) (*model, error) {
	found, err := filepath.Glob(filepath.Join(folder, "2*", "service-2.json.gz"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("%s has no model: %w", folder, err)
	}
	f, err := os.Open(slices.Max(found))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	m := &model{seen: map[string]bool{}}
	return m, json.NewDecoder(z).Decode(m)
}

// facts lists the operations that answer something and the shapes that their answers reach; see answers.parse.
func (m *model) facts() []string {
	for _, name := range slices.Sorted(maps.Keys(m.Operations)) {
		if out := m.Operations[name].Output.Shape; out != "" {
			m.lines = append(m.lines, "O\t"+name+"\t"+m.ref(out))
		}
	}
	return m.lines
}

// letters of the types that hold no others.
var letters = map[string]string{"string": "t", "character": "t", "blob": "b", "timestamp": "d", "boolean": "y",
	"integer": "n", "long": "n", "float": "n", "double": "n", "bigdecimal": "n", "biginteger": "n"}

// ref is how a shape is referred to: by its type's letter if that says all, else by its name, with a line of its own.
func (m *model) ref(name string) string {
	s := m.Shapes[name]
	letter, plain := letters[s.Type]
	if s.Document {
		return "x"
	}
	if plain && s.Min == nil && s.Max == nil && s.Enum == nil {
		return letter
	}
	if m.seen[name] {
		return name
	}
	m.seen[name] = true
	switch {
	case plain:
		m.lines = append(m.lines, strings.Join([]string{strings.ToUpper(letter), name, number(s.Min), number(s.Max), strings.Join(s.Enum, "|")}, "\t"))
	case s.Type == "list":
		m.lines = append(m.lines, "L\t"+name+"\t"+m.ref(s.Member.Shape))
	case s.Type == "map":
		m.lines = append(m.lines, "M\t"+name+"\t"+m.ref(s.Value.Shape))
	default:
		m.lines = append(m.lines, "S\t"+name+m.members(s))
	}
	return name
}

// members writes a structure's members, the required ones first and in the order in which the model requires them.
func (m *model) members(s *shape) string {
	members := map[string]ref{}
	if err := json.Unmarshal(s.Members, &members); err != nil {
		log.Fatal(err)
	}
	var b strings.Builder
	for _, k := range s.Required {
		b.WriteString("\t" + k + "!" + m.ref(members[k].Shape))
	}
	for _, k := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(s.Required, k) {
			b.WriteString("\t" + k + ":" + m.ref(members[k].Shape))
		}
	}
	return b.String()
}

func number(n *json.Number) string {
	if n == nil {
		return ""
	}
	return n.String()
}
