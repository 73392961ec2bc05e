// Package examples checks what the templates say against what lies beside them.
package examples

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

type function struct {
	FunctionName         yaml.Node `yaml:"FunctionName"`
	Runtime              string    `yaml:"Runtime"`
	Handler              string    `yaml:"Handler"`
	CodeURI              string    `yaml:"CodeUri"`
	DeploymentPreference struct {
		Hooks map[string]yaml.Node `yaml:"Hooks"`
	} `yaml:"DeploymentPreference"`
}

type resource struct {
	Type       string    `yaml:"Type"`
	Properties yaml.Node `yaml:"Properties"`
}

type template struct {
	Transform  string               `yaml:"Transform"`
	Parameters map[string]yaml.Node `yaml:"Parameters"`
	Globals    struct {
		Function function `yaml:"Function"`
	} `yaml:"Globals"`
	Resources map[string]resource  `yaml:"Resources"`
	Outputs   map[string]yaml.Node `yaml:"Outputs"`
}

// each runs check for every template of the examples and hooks.
func each(t *testing.T, check func(t *testing.T, dir string, root *yaml.Node, tpl template)) {
	paths, err := filepath.Glob("*/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := filepath.Glob("../hooks/*/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 3 || len(hooks) < 1 {
		t.Fatalf("found %q and %q only", paths, hooks)
	}
	for _, path := range append(paths, hooks...) {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var root yaml.Node
			if err := yaml.Load(text, &root); err != nil {
				t.Fatal(err)
			}
			var tpl template
			if err := root.Decode(&tpl); err != nil {
				t.Fatal(err)
			}
			check(t, filepath.Dir(path), &root, tpl)
		})
	}
}

func TestEveryFunctionsCodeIsThere(t *testing.T) {
	each(t, func(t *testing.T, dir string, _ *yaml.Node, tpl template) {
		functions := 0
		for id, r := range tpl.Resources {
			if r.Type != "AWS::Serverless::Function" {
				continue
			}
			functions++
			var f function
			if err := r.Properties.Decode(&f); err != nil {
				t.Fatal(err)
			}
			code := filepath.Join(dir, f.CodeURI)
			file, want := filepath.Join(code, "main.go"), "package main\n"
			if run := cmp.Or(f.Runtime, tpl.Globals.Function.Runtime); strings.HasPrefix(run, "nodejs") {
				module, export, _ := strings.Cut(f.Handler, ".")
				file, want = filepath.Join(code, module+".js"), "exports."+export+" = "
			} else if run != "provided.al2023" {
				t.Errorf("%s: runtime %q", id, run)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Errorf("%s: %v", id, err)
			} else if !bytes.Contains(text, []byte(want)) {
				t.Errorf("%s: %s has no %q", id, file, want)
			}
		}
		if functions == 0 {
			t.Error("no functions")
		}
	})
}

// CodeDeploy's managed role invokes no other functions (FACTS §2).
func TestEveryHookMayBeInvoked(t *testing.T) {
	each(t, func(t *testing.T, _ string, _ *yaml.Node, tpl template) {
		for id, r := range tpl.Resources {
			var f function
			if r.Type != "AWS::Serverless::Function" || r.Properties.Decode(&f) != nil {
				continue
			}
			for event, hook := range f.DeploymentPreference.Hooks {
				if hook.Tag == "!ImportValue" {
					continue // another template of these
				}
				var h function
				target := tpl.Resources[hook.Value]
				if err := target.Properties.Decode(&h); err != nil || hook.Tag != "!Ref" {
					t.Errorf("%s: hook %s: %v", id, event, err)
				} else if !strings.HasPrefix(h.FunctionName.Value, "CodeDeployHook_") {
					t.Errorf("%s: hook %s is named %q", id, event, h.FunctionName.Value)
				}
			}
		}
	})
}

var substitution = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

func TestEveryReferenceHasItsTarget(t *testing.T) {
	each(t, func(t *testing.T, _ string, root *yaml.Node, tpl template) {
		known := func(name string) bool {
			id, _, _ := strings.Cut(name, ".")
			_, isParameter := tpl.Parameters[id]
			_, isResource := tpl.Resources[id]
			// The last one is what the SAM transform adds (FACTS-SAM, DeploymentPreference).
			return isParameter || isResource || strings.HasPrefix(id, "AWS::") || id == "ServerlessDeploymentApplication"
		}
		found := 0
		var walk func(n *yaml.Node)
		walk = func(n *yaml.Node) {
			var names []string
			switch n.Tag {
			case "!Ref", "!GetAtt":
				names = []string{n.Value}
			case "!Sub":
				for _, m := range substitution.FindAllStringSubmatch(n.Value, -1) {
					names = append(names, m[1])
				}
			}
			for _, name := range names {
				found++
				if !known(name) {
					t.Errorf("line %d: %s %s refers to nothing", n.Line, n.Tag, name)
				}
			}
			for _, c := range n.Content {
				walk(c)
			}
		}
		walk(root)
		if found == 0 {
			t.Error("no references: the test looks at nothing")
		}
	})
}

// What is being shipped is always one of the versions that lie ready.
func TestShippedVersionIsOneOfTheVersions(t *testing.T) {
	for current, versions := range map[string]string{
		"gradual/functions/app/version.json": "gradual/versions/*.json",
		"guide/app/index.js":                 "guide/versions/*/index.js",
	} {
		shipped, err := os.ReadFile(current)
		if err != nil {
			t.Fatal(err)
		}
		paths, err := filepath.Glob(versions)
		if err != nil || len(paths) != 3 {
			t.Fatalf("%q, %v", paths, err)
		}
		same := 0
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(shipped, text) {
				same++
			}
		}
		if same != 1 {
			t.Errorf("%s equals %d of %q", current, same, paths)
		}
	}
}
