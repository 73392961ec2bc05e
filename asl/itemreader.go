package asl

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/headgate/headgate/asl/jsonvalue"
)

// ReaderConfig says how an ItemReader's object is read.
type ReaderConfig struct {
	InputType         string   `json:"inputType,omitempty"` // JSON, JSONL, CSV, MANIFEST, PARQUET or none
	CSVHeaderLocation string   `json:"csvHeaderLocation,omitempty"`
	CSVHeaders        []string `json:"csvHeaders,omitempty"`
	CSVDelimiter      string   `json:"csvDelimiter,omitempty"`
	ManifestType      string   `json:"manifestType,omitempty"`
	ItemsPointer      string   `json:"itemsPointer,omitempty"`
	Transformation    string   `json:"transformation,omitempty"`
}

// ParseItems reads the items out of an object's content. MANIFEST and PARQUET are not for it: a manifest names
// further objects, which the service reads, and Parquet is not supported.
func ParseItems(config ReaderConfig, content []byte) ([]any, error) {
	switch config.InputType {
	case "JSON", "":
		v, err := jsonvalue.Decode(content)
		if err != nil {
			return nil, errors.New("Attempting to read the JSON file failed: it is not valid JSON")
		}
		return jsonItems(v, config.ItemsPointer)
	case "JSONL":
		return jsonLines(content)
	case "CSV":
		return csvItems(config, content)
	}
	return nil, fmt.Errorf("the input type %s is not supported", config.InputType)
}

func jsonItems(v any, pointer string) ([]any, error) {
	for _, part := range strings.Split(pointer, "/")[1:] {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		o, ok := v.(*jsonvalue.Object)
		if !ok {
			return nil, fmt.Errorf("the ItemsPointer %s leads nowhere", pointer)
		}
		if v, ok = o.Get(part); !ok {
			return nil, fmt.Errorf("the ItemsPointer %s leads nowhere", pointer)
		}
	}
	switch v := v.(type) {
	case []any:
		return v, nil
	case *jsonvalue.Object: // each member is an item
		items := []any{}
		for k, member := range v.All() {
			items = append(items, jsonvalue.Of("Key", k, "Value", member))
		}
		return items, nil
	}
	return nil, errors.New("Attempting to map over non-iterable node.")
}

func jsonLines(content []byte) ([]any, error) {
	items := []any{}
	for i, line := range bytes.Split(content, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		v, err := jsonvalue.Decode(line)
		if err != nil {
			return nil, fmt.Errorf("line %d is not valid JSON", i+1)
		}
		items = append(items, v)
	}
	return items, nil
}

func csvItems(config ReaderConfig, content []byte) ([]any, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	delimiters := map[string]rune{"PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}
	if d, ok := delimiters[config.CSVDelimiter]; ok {
		r.Comma = d
	}
	headers := config.CSVHeaders
	if config.CSVHeaderLocation != "GIVEN" {
		var err error
		if headers, err = r.Read(); err != nil {
			return nil, errors.New("CSV headers cannot be empty.")
		}
	}
	for i, h := range headers {
		if slices.Contains(headers[:i], h) {
			return nil, errors.New("CSV headers cannot contain duplicates.")
		}
	}
	items := []any{}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return items, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the CSV file cannot be read: %w", err)
		}
		items = append(items, csvItem(headers, row))
	}
}

// csvItem makes an object of a row: cells without header are dropped, missing ones are empty. Its members are in
// the order of a Java HashMap, as AWS writes them.
func csvItem(headers, row []string) any {
	members := make([]templateMember, len(headers))
	for i, h := range headers {
		cell := ""
		if i < len(row) {
			cell = row[i]
		}
		members[i] = templateMember{name: h, field: cell}
	}
	hashOrder(members)
	o := jsonvalue.NewObject(len(members))
	for _, m := range members {
		o.Set(m.name, m.field)
	}
	return o
}
