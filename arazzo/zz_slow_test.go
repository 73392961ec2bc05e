package arazzo
import ("testing";"strings";"fmt";"time")
func TestSlow(t *testing.T){
 mk:=func(name,doc string){ s:=time.Now(); d,f:=Parse([]byte(doc),"x"); p:=time.Since(s); s=time.Now(); g:=Validate(d,Strict); fmt.Println(name,len(doc),p,time.Since(s),len(f),len(g)) }
 var b strings.Builder
 b.WriteString(head10+"workflows:\n- workflowId: w\n  steps:\n")
 for i:=range 12000 { fmt.Fprintf(&b,"  - {stepId: s%d, operationId: o, onSuccess: [{name: a, type: goto, stepId: t%d}], outputs: {x: $steps.s%d.outputs.x}}\n",i,i+100,(i+7)%12000) }
 mk("steps",b.String())
 b.Reset(); b.WriteString(head10+"workflows:\n")
 for i:=range 15000 { fmt.Fprintf(&b,"- {workflowId: w%d, dependsOn: [w%d], steps: [{stepId: s, workflowId: w%d}]}\n",i,(i+1)%15000,(i+2)%15000) }
 mk("workflows",b.String())
 b.Reset(); b.WriteString(head10+"workflows:\n- {workflowId: w, inputs: {$ref: '#/components/inputs/n1'}, steps: [{stepId: s, operationId: w}]}\ncomponents:\n  inputs:\n")
 for i:=range 2000 { fmt.Fprintf(&b,"    n%d: {properties: {a: {$ref: '#/components/inputs/n%d'}, b: {$ref: '#/components/inputs/n%d'}}}\n",i,(i+1)%2000,(i+9)%2000) }
 mk("schemas",b.String())
 b.Reset(); b.WriteString(head10+"workflows:\n- workflowId: w\n  parameters: [")
 for i:=range 20000 { fmt.Fprintf(&b,"{name: n%d, in: query, value: $inputs.x%d},",i,i) }
 b.WriteString("]\n  steps:\n"); for i:=range 5000 { fmt.Fprintf(&b,"  - {stepId: s%d, operationId: o}\n",i)}
 mk("params",b.String())
 mk("long keys", "? "+strings.Repeat("k",4000000)+"\n: ["+strings.Repeat("1,",100000)+"1]")
 mk("long expr", head10+"workflows: [{workflowId: w, steps: [{stepId: s, operationId: o, outputs: {a: '"+strings.Repeat("{$inputs.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p}",100000)+"'}}]}]")
 mk("dotted", head10+"workflows: [{workflowId: w, steps: [{stepId: s, operationId: o, outputs: {a: $inputs."+strings.Repeat("a.",30000)+"a}}]}]")
 mk("dollar", head10+"workflows: [{workflowId: w, steps: [{stepId: s, operationId: o, outputs: {a: '"+strings.Repeat("{$",2000000)+"'}}]}]")
 mk("dollar2", head10+"workflows: [{workflowId: w, steps: [{stepId: s, operationId: o, outputs: {a: '"+strings.Repeat("{$url ",1000000)+"'}}]}]")
}
