package sam

import (
	"slices"
	"strings"
	"unicode"

	"github.com/headgate/headgate/internal/template/tree"
)

// domain makes a custom domain: its name, the mappings of its base paths, its DNS records.
func (a *restAPI) domain() error {
	d := a.get("Domain")
	if d == nil {
		return nil
	}
	if !d.Is(tree.Map) {
		return resourceError(a.id, "Property 'Domain' should be a map.")
	}
	for _, name := range []string{"DomainName", "CertificateArn"} {
		if present(d.Get(name)) == nil {
			return resourceError(a.id, "Property 'Domain.%s' is required.", name)
		}
	}
	d = d.Clone()
	a.props.Set("Domain", d)
	name := d.Get("DomainName")
	private := d.Get("EndpointConfiguration").IsString("PRIVATE")
	id, typ, part := "ApiGatewayDomainName", "AWS::ApiGateway::DomainName", "DomainName"
	if private {
		id, typ, part = id+"V2", typ+"V2", part+"V2"
	}
	id += hashNode(name, hashLength)
	if !private { // then the deployment's hash takes it in
		put(d, "ApiDomainName", nil, tree.NewString(id))
	}
	if present(d.Get("EndpointConfiguration")) == nil {
		put(d, "EndpointConfiguration", nil, tree.NewString("REGIONAL"))
	}
	endpoint := d.Get("EndpointConfiguration").Str()
	if !slices.Contains([]string{"EDGE", "REGIONAL", "PRIVATE"}, endpoint) {
		return resourceError(a.id, "EndpointConfiguration for Custom Domains must be one of ['EDGE', 'REGIONAL', 'PRIVATE'].")
	}
	p := dict("DomainName", name.Clone(), "EndpointConfiguration", dict("Types", tree.NewStrings(endpoint)))
	if t := d.Get("IpAddressType"); t.Truthy() {
		p.Get("EndpointConfiguration").Set("IpAddressType", t.Clone())
	}
	certificate := "CertificateArn"
	if endpoint == "REGIONAL" {
		certificate = "RegionalCertificateArn"
	}
	p.Set(certificate, d.Get("CertificateArn").Clone())
	if err := a.mutualTLS(p, d.Get("MutualTlsAuthentication")); err != nil {
		return err
	}
	for _, n := range []string{"SecurityPolicy", "OwnershipVerificationCertificateArn", "EndpointAccessMode"} {
		if v := d.Get(n); v.Truthy() {
			p.Set(n, v.Clone())
		}
	}
	if private {
		copyAll(p, d, "Policy")
	}
	a.add(a.make(id, typ, p))
	a.t.rewriter.part(a.id, part, id)
	if err := a.basePaths(d, id, private); err != nil {
		return err
	}
	if given := d.Get("AccessAssociation"); private && given.Truthy() {
		vpc := present(given.Get("VpcEndpointId"))
		if vpc == nil {
			return resourceError(a.id, "Property 'Domain.AccessAssociation.VpcEndpointId' is required.")
		}
		a.add(a.make("DomainNameAccessAssociation"+hashNode(tree.NewList(vpc, tree.NewString(id)), hashLength), "AWS::ApiGateway::DomainNameAccessAssociation",
			dict("AccessAssociationSource", vpc.Clone(), "AccessAssociationSourceType", "VPCE", "DomainNameArn", ref(id))))
	}
	records := domainRecords{base: &a.base, add: func(r *resource) { a.add(r) }, domain: d, id: id, regional: endpoint == "REGIONAL", private: private}
	return records.route53()
}

func (a *restAPI) mutualTLS(p, m *tree.Node) error {
	if !m.Truthy() {
		return nil
	}
	if !m.Is(tree.Map) {
		return resourceError(a.id, "Property 'Domain.MutualTlsAuthentication' should be a map.")
	}
	out := dict()
	for _, x := range m.Pairs {
		if x.Key != "TruststoreUri" && x.Key != "TruststoreVersion" {
			return resourceError(a.id, "Available Domain.MutualTlsAuthentication fields are ['TruststoreUri', 'TruststoreVersion'].")
		}
		if x.Value.Truthy() {
			out.Set(x.Key, x.Value.Clone())
		}
	}
	p.Set("MutualTlsAuthentication", out)
	return nil
}

func (a *restAPI) basePaths(d *tree.Node, domain string, private bool) error {
	member, typ := "DomainName", "AWS::ApiGateway::BasePathMapping"
	if private {
		member, typ = "DomainNameArn", typ+"V2"
	}
	mapping := func(suffix string) *tree.Node {
		p := dict(member, ref(domain), "RestApiId", ref(a.id), "Stage", ref(a.id+".Stage"))
		a.add(a.make(a.id+suffix+"BasePathMapping", typ, p))
		return p
	}
	given := d.Get("BasePath")
	if !given.Truthy() || !given.Is(tree.String) && !given.Is(tree.List) {
		mapping("")
		return nil
	}
	normalize := d.Get("NormalizeBasePath")
	for i, v := range listOf(given).Items {
		if !v.Is(tree.String) {
			return resourceError(a.id, "Property 'Domain.BasePath[%d]' should be a string.", i)
		}
		short := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, v.Text)
		path := short
		if normalize != nil && !normalize.Truthy() {
			path = v.Text
		}
		mapping(short).Set("BasePath", tree.NewString(path))
	}
	return nil
}

// domainRecords are the DNS records of a custom domain, of either kind of API.
type domainRecords struct {
	*base
	add      func(*resource)
	domain   *tree.Node // the Domain property
	id       string     // of the domain's name
	regional bool
	private  bool // reached at an endpoint in a VPC
}

// route53 adds the domain's records to those of its zone.
func (a *domainRecords) route53() error {
	d, domain := a.domain, a.id
	r := present(d.Get("Route53"))
	if r == nil {
		return nil
	}
	if !r.Is(tree.Map) {
		return resourceError(a.base.id, "Property 'Domain.Route53' should be a map.")
	}
	zone := r.Get("HostedZoneId")
	if !zone.Truthy() {
		zone = r.Get("HostedZoneName")
	}
	if present(zone) == nil {
		return resourceError(a.base.id, "HostedZoneId or HostedZoneName is required to enable Route53 support on Custom Domains.")
	}
	id := "RecordSetGroup" + hashNode(zone, hashLength)
	separate := r.Get("SeparateRecordSetGroup")
	if separate.Truthy() {
		if !separate.Is(tree.Bool) {
			return resourceError(a.base.id, "Property 'Domain.Route53.SeparateRecordSetGroup' should be a boolean.")
		}
		id = "RecordSetGroup" + hashNode(tree.NewList(zone, d.Get("DomainName")), hashLength)
	}
	group := a.t.zones[id]
	if group == nil || separate.Truthy() {
		group = a.make(id, "AWS::Route53::RecordSetGroup", dict())
		copyAll(group.props, r, "HostedZoneId", "HostedZoneName")
		group.props.Set("RecordSets", tree.NewList())
		if !separate.Truthy() {
			a.t.zones[id] = group
		}
		a.add(group)
	}
	target := dict()
	if v := present(r.Get("EvaluateTargetHealth")); v != nil {
		target.Set("EvaluateTargetHealth", v.Clone())
	}
	switch {
	case a.private:
		for _, x := range [][2]string{{"HostedZoneId", "VpcEndpointHostedZoneId"}, {"DNSName", "VpcEndpointDomainName"}} {
			v := present(r.Get(x[1]))
			if v == nil {
				return resourceError(a.base.id, "Property 'Domain.Route53.%s' is required.", x[1])
			}
			target.Set(x[0], v.Clone())
		}
	case a.regional:
		target.Set("HostedZoneId", getAtt(domain, "RegionalHostedZoneId"))
		target.Set("DNSName", getAtt(domain, "RegionalDomainName"))
	default:
		if present(r.Get("DistributionDomainName")) == nil {
			put(r, "DistributionDomainName", nil, getAtt(domain, "DistributionDomainName"))
		}
		target.Set("HostedZoneId", tree.NewString("Z2FDTNDATAQYW2"))
		target.Set("DNSName", r.Get("DistributionDomainName").Clone())
	}
	types := []string{"A"}
	if r.Get("IpV6").Bool() {
		types = append(types, "AAAA")
	}
	for _, t := range types {
		set := dict("Name", d.Get("DomainName").Clone(), "Type", t, "AliasTarget", target.Clone())
		copyAll(set, r, "Region", "SetIdentifier")
		group.props.Get("RecordSets").Append(set)
	}
	return nil
}

// hashedDomain is the domain's configuration as the deployment's hash takes it in.
func (a *restAPI) hashedDomain() string {
	d := a.get("Domain")
	if d == nil {
		return ""
	}
	return string(pythonSorted(d).Python("", false))
}

// pythonSorted puts all members below n in Python's order.
func pythonSorted(n *tree.Node) *tree.Node {
	c := n.Clone()
	var walk func(*tree.Node)
	walk = func(n *tree.Node) {
		n.Pairs = pythonOrder(n.Pairs)
		for _, p := range n.Pairs {
			walk(p.Value)
		}
		for _, i := range n.Items {
			walk(i)
		}
	}
	walk(c)
	return c
}
