"""Headgate's runtime client for Python: it fetches events from the Lambda Runtime API, calls the
function's handler and posts what comes back. It needs the standard library alone.

The Runtime API is spoken over one socket by hand: the platform's answers always have a length, and
http.client costs more than most handlers.
"""
import sys

del sys.path[0]  # /var/runtime: it holds this client alone, and must not shadow a function's modules

import json
import os
import socket
import time
import traceback

BASE = "/2018-06-01/runtime/"
TASK_ROOT = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
REQUEST = {}  # "id": the invocation under way


class Connection:
    def __init__(self, address):
        self.host = address
        host, port = address.rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def request(self, method, target, body=None, headers=""):
        head = "%s %s HTTP/1.1\r\nHost: %s\r\n%s" % (method, target, self.host, headers)
        if body is None:
            self.sock.sendall((head + "\r\n").encode("latin-1"))
        else:
            head = (head + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)).encode("latin-1")
            if len(body) < 65536:
                self.sock.sendall(head + body)
            else:
                self.sock.sendall(head)
                self.sock.sendall(body)
        return self.answer()

    def answer(self):
        data = self.rest
        while True:
            end = data.find(b"\r\n\r\n")
            if end >= 0:
                break
            data += self.read()
        lines = data[:end].decode("utf-8", "replace").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        size = int(headers.get("content-length", 0))
        parts, have = [data[end + 4:]], len(data) - end - 4
        while have < size:
            part = self.read()
            parts.append(part)
            have += len(part)
        body = b"".join(parts)
        self.rest = body[size:]
        return int(lines[0].split(" ", 2)[1]), headers, body[:size]

    def read(self):
        part = self.sock.recv(262144)
        if not part:
            raise ConnectionError("the Runtime API closed the connection")
        return part


class ClientContext:
    def __init__(self, doc):
        self.custom = doc.get("custom")
        self.env = doc.get("env")
        self.client = None
        client = doc.get("client")
        if client:
            self.client = type("Client", (), {})()
            for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
                setattr(self.client, name, client.get(name))


class CognitoIdentity:
    def __init__(self, doc):
        self.cognito_identity_id = doc.get("cognitoIdentityId")
        self.cognito_identity_pool_id = doc.get("cognitoIdentityPoolId")


class LambdaContext:
    def __init__(self, headers):
        env = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = env.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = env.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = env.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self._deadline = int(headers["lambda-runtime-deadline-ms"])
        context, identity = headers.get("lambda-runtime-client-context"), headers.get("lambda-runtime-cognito-identity")
        self.client_context = ClientContext(json.loads(context)) if context else None
        self.identity = CognitoIdentity(json.loads(identity) if identity else {})

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        fields = ("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb", "function_version", "invoked_function_arn", "client_context", "identity")
        return "LambdaContext([%s])" % ",".join("%s=%s" % (f, getattr(self, f)) for f in fields)


class Output:
    """stdout and stderr: every write goes out at once, in order, before the answer does."""

    encoding, errors, closed, mode, name = "utf-8", "backslashreplace", False, "w", "<lambda>"

    def __init__(self, fd, plain):
        self.fd, self.plain = fd, plain
        self.pending = ""

    def write(self, text):
        # print() writes its text and its line break apart; a line goes out in one piece.
        self.pending += text
        if "\n" in text or len(self.pending) > 65536:
            self.flush()
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        data, self.pending = self.pending, ""
        put(self.fd, data.encode("utf-8", "backslashreplace"))

    def fileno(self):
        return self.fd

    def isatty(self):
        return False

    def readable(self):
        return False

    def writable(self):
        return True

    @property
    def buffer(self):
        self.flush()
        return self.plain.buffer


def put(fd, data):
    while data:
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:
            pass


def fault(kind, message, trace=()):
    return {"errorMessage": message, "errorType": kind, "requestId": REQUEST.get("id", ""), "stackTrace": list(trace)}


def fault_of(error, skip=1):
    """The error document of an exception, without this client's own frames."""
    frames = traceback.extract_tb(error.__traceback__)[skip:]
    return fault(type(error).__name__, str(error), traceback.format_list(frames))


def show(doc):
    """Writes an error as Lambda logs it: one event, its lines joined by \\r."""
    if JSON_LOGS:
        entry = {"timestamp": stamp(), "log_level": "ERROR", "errorMessage": doc["errorMessage"], "errorType": doc["errorType"],
                 "requestId": doc["requestId"], "stackTrace": doc["stackTrace"]}
        text = json.dumps(entry)
    else:
        text = "[ERROR] %s: %s" % (doc["errorType"], doc["errorMessage"])
        if doc["stackTrace"]:
            text += "\nTraceback (most recent call last):\n" + "".join(doc["stackTrace"])
    sys.stdout.flush()
    put(1, text.rstrip("\n").replace("\n", "\r").encode("utf-8", "backslashreplace") + b"\n")


def stamp():
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%03dZ" % (now % 1 * 1000)


class InitError(Exception):
    def __init__(self, doc):
        self.doc = doc


def load(spec):
    sys.path.insert(0, TASK_ROOT)
    module_name, dot, function = spec.rpartition(".")
    if not dot or not module_name:
        raise InitError(fault("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % spec))
    import importlib
    try:
        if module_name.split(".")[0] in sys.builtin_module_names:
            raise InitError(fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name))
        module = importlib.import_module(module_name.replace("/", "."))
    except InitError:
        raise
    except ImportError as e:
        raise InitError(fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, e)))
    except SyntaxError as e:
        trace = ['  File "%s" Line %s\n    %s' % (e.filename, e.lineno, e.text)]
        raise InitError(fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, e), trace))
    try:
        return getattr(module, function)
    except AttributeError:
        raise InitError(fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module_name)))


def install_logging():
    import logging

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                sys.stdout.flush()
                put(1, self.format(record).replace("\n", "\r").encode("utf-8", "backslashreplace") + b"\n")
            except Exception:
                self.handleError(record)

    class RequestFilter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = REQUEST.get("id", "")
            return True

    class JSONFormatter(logging.Formatter):
        def format(self, record):
            entry = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)), "level": record.levelname,
                     "message": record.getMessage(), "logger": record.name, "requestId": REQUEST.get("id", "")}
            if record.exc_info:
                entry["errorType"] = record.exc_info[0].__name__
                entry["errorMessage"] = str(record.exc_info[1])
                entry["stackTrace"] = traceback.format_tb(record.exc_info[2])
            return json.dumps(entry, default=str)

    logging.Formatter.converter = time.gmtime
    handler = Handler()
    if JSON_LOGS:
        handler.setFormatter(JSONFormatter())
        logging.getLogger().setLevel(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO").replace("TRACE", "NOTSET").replace("FATAL", "CRITICAL"))
    else:
        handler.setFormatter(logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(RequestFilter())
    logging.getLogger().addHandler(handler)


def post_fault(api, target, doc):
    kind = doc["errorType"].encode("ascii", "replace").decode().replace("\n", " ")
    body = json.dumps(doc).encode("utf-8")
    api.request("POST", target, body, "Lambda-Runtime-Function-Error-Type: %s\r\n" % kind)


def invoke(api, handler, headers, payload):
    request = REQUEST["id"] = headers["lambda-runtime-aws-request-id"]
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    target = "%sinvocation/%s/" % (BASE, request)
    try:
        try:
            event = json.loads(payload)
        except ValueError as e:
            doc = fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % e)
            show(doc)
            return post_fault(api, target + "error", doc)
        result = handler(event, LambdaContext(headers))
        try:
            # bytes are an answer that is serialised already
            body = result if isinstance(result, bytes) else json.dumps(result, ensure_ascii=False).encode("utf-8")
        except (TypeError, ValueError) as e:
            doc = fault("Runtime.MarshalError", "Unable to marshal response: %s" % e)
            show(doc)
            return post_fault(api, target + "error", doc)
    except Exception as e:
        doc = fault_of(e)
        show(doc)
        return post_fault(api, target + "error", doc)
    sys.stdout.flush()
    sys.stderr.flush()
    status, _, answer = api.request("POST", target + "response", body)
    if status == 413:
        show(fault("Function.ResponseSizeTooLarge", answer.decode("utf-8", "replace")))


def main():
    api = Connection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    for place in ("/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"):
        if os.path.isdir(place):
            sys.path.insert(0, place)
    sys.stdout, sys.stderr = Output(1, sys.__stdout__), Output(2, sys.__stderr__)
    install_logging()
    try:
        handler = load(os.environ.get("_HANDLER", ""))
    except InitError as e:
        doc = e.doc
    except Exception as e:
        doc = fault_of(e)
        doc["stackTrace"] = [f for f in doc["stackTrace"] if "importlib" not in f and __file__ not in f]
    else:
        doc = None
    if doc:
        show(doc)
        post_fault(api, BASE + "init/error", doc)
        sys.exit(1)
    while True:
        status, headers, payload = api.request("GET", BASE + "invocation/next")
        if status != 200:
            sys.stderr.write("the Runtime API answered %d: %s\n" % (status, payload.decode("utf-8", "replace")))
            sys.exit(1)
        invoke(api, handler, headers, payload)


if __name__ == "__main__":
    main()
