package environment

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/headgate/headgate/internal/sandbox"
)

// variables is the function's whole environment: Lambda's own variables, the platform's reserved
// ones and the function's.
func (e *Environment) variables(api string, paths sandbox.Paths) []string {
	f := e.function
	vars := map[string]string{
		"PATH":            "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"LD_LIBRARY_PATH": fmt.Sprintf("/var/lang/lib:/lib64:/usr/lib64:%[1]s:%[1]s/lib:%[2]s:%[2]s/lib:%[3]s/lib", paths.Runtime, paths.Task, paths.Opt),
		"LANG":            "en_US.UTF-8",
		"TZ":              ":UTC",

		"LAMBDA_TASK_ROOT":   paths.Task,
		"LAMBDA_RUNTIME_DIR": paths.Runtime,
		"_HANDLER":           f.Handler,

		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     f.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": fmt.Sprint(f.MemoryMB),
		"AWS_LAMBDA_LOG_GROUP_NAME":       cmp.Or(f.LogGroup, "/aws/lambda/"+f.Name),
		"AWS_LAMBDA_LOG_STREAM_NAME":      f.LogStream,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_REGION":                      f.Region,
		"AWS_DEFAULT_REGION":              f.Region,
	}
	if !e.host.cfg.Sandbox.Isolated() {
		vars["TMPDIR"] = paths.Tmp
	}
	// The certificate bundle is in /etc, a copy of the host's; the interpreters find it by
	// themselves, except where they were built for another place.
	switch e.interpreter.Language {
	case "nodejs":
		vars["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + f.Runtime
		major := strings.TrimSuffix(strings.TrimPrefix(f.Runtime, "nodejs"), ".x")
		vars["NODE_PATH"] = fmt.Sprintf("%[1]s/nodejs/node%[2]s/node_modules:%[1]s/nodejs/node_modules:%[3]s/node_modules:%[3]s:%[4]s", paths.Opt, major, paths.Runtime, paths.Task)
	case "python":
		vars["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + f.Runtime
		vars["PYTHONDONTWRITEBYTECODE"] = "1"
	}
	if f.LogFormat == "JSON" {
		vars["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
		if f.LogLevel != "" {
			vars["AWS_LAMBDA_LOG_LEVEL"] = f.LogLevel
		}
	}
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": f.Credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": f.Credentials.SecretAccessKey, "AWS_SESSION_TOKEN": f.Credentials.SessionToken} {
		if v != "" {
			vars[k] = v
		}
	}
	for k, v := range e.host.cfg.ReservedEnv {
		vars[k] = v
	}
	for k, v := range f.Environment {
		vars[k] = v
	}
	out := make([]string, 0, len(vars))
	for k, v := range vars {
		out = append(out, k+"="+strings.ReplaceAll(v, "\x00", ""))
	}
	slices.Sort(out)
	return out
}

// argv is the runtime's command inside the environment, nil if there is none.
func (e *Environment) argv() []string {
	in, f := e.interpreter, e.function
	isolated := e.host.cfg.Sandbox.Isolated()
	if in.Language != "provided" {
		argv := slices.Clone(in.Argv)
		if !isolated {
			last := len(argv) - 1
			argv[last] = filepath.Join(in.RuntimeDir, filepath.Base(argv[last]))
		}
		return argv
	}
	if file(filepath.Join(f.CodeDir, "bootstrap")) {
		if !isolated {
			return []string{filepath.Join(f.CodeDir, "bootstrap")}
		}
		return []string{"/var/task/bootstrap"}
	}
	for _, l := range slices.Backward(f.Layers) {
		if file(filepath.Join(l, "bootstrap")) {
			if !isolated {
				return []string{filepath.Join(l, "bootstrap")}
			}
			return []string{"/opt/bootstrap"}
		}
	}
	return nil
}

// extensions lists the external extensions of the layers by name: the executable files in
// /opt/extensions.
func (e *Environment) extensions() (names []string) {
	for _, l := range e.function.Layers {
		entries, _ := os.ReadDir(filepath.Join(l, "extensions"))
		for _, d := range entries {
			if fi, err := os.Stat(filepath.Join(l, "extensions", d.Name())); err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0 && !slices.Contains(names, d.Name()) {
				names = append(names, d.Name())
			}
		}
	}
	slices.Sort(names)
	return names
}

func file(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}
