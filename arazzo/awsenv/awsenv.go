// Package awsenv lets a run of workflows reach AWS as the SDKs would: with the credentials and the region
// of an AWS configuration, and at its endpoint where it names one, be that Headgate or another stand-in.
package awsenv

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/headgate/headgate/arazzo/runner"
	"github.com/headgate/headgate/arazzo/source"
)

// Configure makes r use cfg. descriptions are the sources of the document that will be run, by name: those whose servers are AWS's own
// are asked at cfg's endpoint, unless r has a server for them already. It returns the names of these.
func Configure(r *runner.Runner, cfg aws.Config, descriptions map[string]*source.Description) (redirected []string) {
	if r.Auth.SigV4.Credentials == nil {
		r.Auth.SigV4.Credentials = cfg.Credentials
	}
	if cfg.Region != "" {
		if r.ServerVariables == nil {
			r.ServerVariables = map[string]string{}
		}
		if _, given := r.ServerVariables["region"]; !given {
			r.ServerVariables["region"] = cfg.Region
		}
	}
	if cfg.BaseEndpoint == nil || *cfg.BaseEndpoint == "" {
		return nil
	}
	for name, d := range descriptions {
		_, given := r.Servers[name]
		if _, all := r.Servers["*"]; given || all || d == nil || !servedByAWS(d) {
			continue
		}
		if r.Servers == nil {
			r.Servers = map[string]string{}
		}
		r.Servers[name] = *cfg.BaseEndpoint
		if r.Auth.SigV4.Region == "" { // the endpoint's host does not tell it
			r.Auth.SigV4.Region = cfg.Region
		}
		redirected = append(redirected, name)
	}
	return redirected
}

// servedByAWS tells whether a description's operations are all at hosts of AWS, or at none that it names.
func servedByAWS(d *source.Description) bool {
	found := false
	for _, op := range d.Operations() {
		for _, s := range op.Servers {
			if isAWS(s.URL) {
				found = true
				continue
			}
			return false
		}
	}
	return found
}

func isAWS(server string) bool {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(server))
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn") || strings.HasSuffix(host, ".api.aws")
}
