package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate/headgate/arazzo/runner"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name       string           `xml:"name,attr"`
	Class      string           `xml:"classname,attr"`
	Time       string           `xml:"time,attr"`
	File       string           `xml:"file,attr,omitempty"`
	Line       int              `xml:"line,attr,omitempty"`
	Properties *junitProperties `xml:"properties"`
	Failure    *junitProblem    `xml:"failure,omitempty"`
	Error      *junitProblem    `xml:"error,omitempty"`
}

type junitProperties struct {
	List []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the result as JUnit XML. A workflow that failed though none of its steps did, such as one whose dependency failed, has a
// case of its own with an error. The steps of a workflow that ran as a step stand after it, named outer/inner.
func JUnit(w io.Writer, name string, result *runner.Result) error {
	all := junitSuites{Name: name, Time: seconds(result.Duration)}
	for _, wf := range result.Workflows {
		s := suite(wf)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func suite(wf *runner.WorkflowResult) junitSuite {
	s := junitSuite{Name: wf.WorkflowID, Time: seconds(wf.Duration), Timestamp: wf.Started.UTC().Format("2006-01-02T15:04:05")}
	s.steps(wf, "")
	if wf.Status != runner.Success && s.Failures == 0 {
		s.Cases = append(s.Cases, junitCase{
			Name: wf.WorkflowID, Class: wf.WorkflowID, Time: seconds(0), File: wf.Document,
			Error: &junitProblem{Message: clean(wf.Reason), Type: "workflow"},
		})
		s.Errors++
	}
	s.Tests = len(s.Cases)
	return s
}

func (s *junitSuite) steps(wf *runner.WorkflowResult, prefix string) {
	for _, step := range wf.Steps {
		c := junitCase{
			Name: prefix + step.StepID, Class: wf.WorkflowID, Time: seconds(step.Duration), File: wf.Document, Line: step.Line,
			Properties: &junitProperties{[]junitProperty{{"attempts", strconv.Itoa(step.Attempts)}}},
		}
		if step.StatusCode != 0 {
			c.Properties.List = append(c.Properties.List, junitProperty{"statusCode", strconv.Itoa(step.StatusCode)})
		}
		if step.Status != runner.Success {
			c.Failure = &junitProblem{Message: clean(step.Reason), Type: "step", Text: clean(step.Hint)}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
		if step.Workflow != nil {
			s.steps(step.Workflow, prefix+step.StepID+"/")
		}
	}
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// clean drops what XML 1.0 has no place for.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r != utf8.RuneError && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return -1
	}, s)
}
