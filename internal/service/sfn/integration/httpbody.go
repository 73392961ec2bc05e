package integration

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/headgate/headgate/asl"
	"github.com/headgate/headgate/asl/jsonvalue"
)

// requestBody is what an HTTP task sends: a text as it is, anything else as JSON or, where Transform says so, as a form.
func requestBody(o *asl.Object, header http.Header) (string, error) {
	v, ok := o.Get("RequestBody")
	encoding, format, err := transform(member(o, "Transform"))
	if err != nil || !ok || v == nil {
		return "", err
	}
	if encoding == "URL_ENCODED" {
		form, ok := v.(*asl.Object)
		if !ok {
			return "", errors.New("RequestBody must be an object where RequestBodyEncoding is URL_ENCODED")
		}
		if header.Get("Content-Type") == "" {
			header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
		}
		return urlEncoded(form, format), nil
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json;charset=UTF-8")
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	return jsonvalue.Encode(v), nil
}

// transform reads Transform: how the body is encoded, and how lists are in a form.
func transform(v any) (encoding, format string, err error) {
	if v == nil {
		return "NONE", "", nil
	}
	o, ok := v.(*asl.Object)
	if !ok {
		return "", "", errors.New("Transform must be an object")
	}
	encoding, format = text(o, "RequestBodyEncoding"), "INDICES"
	if options, ok := member(o, "RequestEncodingOptions").(*asl.Object); ok && text(options, "ArrayFormat") != "" {
		format = text(options, "ArrayFormat")
	}
	switch encoding {
	case "":
		encoding = "NONE"
	case "NONE", "URL_ENCODED":
	default:
		return "", "", fmt.Errorf("RequestBodyEncoding must be NONE or URL_ENCODED, but is %q", encoding)
	}
	switch format {
	case "INDICES", "REPEAT", "COMMAS", "BRACKETS", "NONE":
	default:
		return "", "", fmt.Errorf("ArrayFormat must be INDICES, REPEAT, COMMAS, BRACKETS or NONE, but is %q", format)
	}
	return encoding, format, nil
}

// urlEncoded writes a form in the object's order. Lists are written as the format says:
//
//	INDICES a[0]=1&a[1]=2   REPEAT a=1&a=2   COMMAS a=1,2   BRACKETS a[]=1&a[]=2   NONE a=[1,2]
func urlEncoded(o *asl.Object, format string) string {
	var parts []string
	add := func(name, value string) {
		parts = append(parts, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case *asl.Object:
			for k, one := range v.All() {
				walk(name+"["+k+"]", one)
			}
		case []any:
			switch format {
			case "NONE":
				add(name, jsonvalue.Encode(v))
			case "COMMAS":
				texts := make([]string, len(v))
				for i, one := range v {
					texts[i] = plain(one)
				}
				add(name, strings.Join(texts, ","))
			default:
				for i, one := range v {
					walk(map[string]string{"INDICES": fmt.Sprintf("%s[%d]", name, i), "BRACKETS": name + "[]", "REPEAT": name}[format], one)
				}
			}
		default:
			add(name, plain(v))
		}
	}
	for name, v := range o.All() {
		walk(name, v)
	}
	return strings.Join(parts, "&")
}

// checkEndpoint checks what a definition says of an HTTP task by itself.
func (s *Set) checkEndpoint(u use) error {
	if src, ok := u.text("ApiEndpoint"); ok && (src != "" || u.parameters != nil) {
		if _, err := endpoint(src); err != nil {
			return err
		}
	}
	if method, ok := u.text("Method"); ok && (method != "" || u.parameters != nil) {
		if err := checkMethod(method); err != nil {
			return err
		}
	}
	if u.parameters != nil && s.Connection == nil {
		if arn := connection(u.parameters); arn != "" && !strings.HasPrefix(arn, "{%") {
			return noConnections(arn)
		}
	}
	return nil
}
