// Headgate's runtime client for Node.js: it fetches events from the Lambda Runtime API, calls the
// function's handler and posts what comes back. It needs Node.js alone.
//
// The Runtime API is spoken over one socket by hand: the platform's answers always have a length,
// and node's own HTTP client costs more than most handlers.
import net from 'node:net';
import fs from 'node:fs';
import path from 'node:path';
import util from 'node:util';
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Writable } from 'node:stream';

const env = process.env;
const taskRoot = env.LAMBDA_TASK_ROOT || '/var/task';
const [apiHost, apiPort] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const base = '/2018-06-01/runtime/';
const STREAM = Symbol.for('aws.lambda.runtime.handler.streaming');

// ---- the connection ------------------------------------------------------------------------

class Connection {
  constructor() {
    this.socket = net.connect({ host: apiHost, port: Number(apiPort), noDelay: true });
    this.chunks = [];
    this.size = 0;
    this.waiting = null; // {resolve, reject}
    this.head = null;
    this.socket.on('data', (d) => { this.chunks.push(d); this.size += d.length; this.parse(); });
    const end = (e) => { if (this.waiting) { const w = this.waiting; this.waiting = null; w.reject(e || new Error('the Runtime API closed the connection')); } this.closed = true; };
    this.socket.on('error', end);
    this.socket.on('close', () => end());
  }

  request(method, target, headers, body) {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      let head = `${method} ${target} HTTP/1.1\r\nHost: ${apiHost}:${apiPort}\r\nUser-Agent: headgate-node/${process.versions.node}\r\n`;
      for (const k in headers) head += `${k}: ${headers[k]}\r\n`;
      if (body === undefined) {
        this.socket.write(head + '\r\n');
      } else {
        head += `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
        if (typeof body === 'string' && body.length < 65536) {
          this.socket.write(head + body);
        } else {
          this.socket.write(head);
          this.socket.write(body);
        }
      }
    });
  }

  parse() {
    if (this.chunks.length > 1 && !(this.head && this.size < this.head.end)) this.chunks = [Buffer.concat(this.chunks)];
    if (!this.head) {
      const b = this.chunks[0];
      const i = b.indexOf('\r\n\r\n');
      if (i < 0) return;
      const lines = b.latin1Slice(0, i).split('\r\n');
      const headers = {};
      for (let n = 1; n < lines.length; n++) {
        const c = lines[n].indexOf(':');
        headers[lines[n].slice(0, c).toLowerCase()] = lines[n].slice(c + 1).trim();
      }
      this.head = { status: Number(lines[0].split(' ')[1]), headers, start: i + 4, end: i + 4 + Number(headers['content-length'] || 0) };
    }
    if (this.size < this.head.end) return;
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    const { status, headers, start, end } = this.head;
    const all = this.chunks[0];
    const rest = all.subarray(end);
    this.chunks = rest.length ? [rest] : [];
    this.size = rest.length;
    this.head = null;
    const w = this.waiting;
    this.waiting = null;
    if (w) w.resolve({ status, headers, body: all.subarray(start, end) });
  }
}

let connection;
function call(method, target, headers, body) {
  if (!connection || connection.closed) connection = new Connection();
  return connection.request(method, target, headers || {}, body);
}
// While the handler runs, the connection must not keep the event loop alive: an empty loop is what
// callbackWaitsForEmptyEventLoop waits for.
const hold = () => connection && connection.socket.ref();
const letGo = () => connection && connection.socket.unref();

// ---- errors --------------------------------------------------------------------------------

const isError = (e) => e instanceof Error || util.types.isNativeError(e);

function errorDocument(e) {
  if (isError(e)) {
    return { errorType: e.name || 'Error', errorMessage: e.message, trace: String(e.stack || '').split('\n') };
  }
  // A thrown value that is no error: Lambda reports its type, and its text as the message.
  return { errorType: typeof e, errorMessage: e === undefined ? 'undefined' : String(typeof e === 'object' ? util.inspect(e) : e), trace: [] };
}

// namedError makes an Error whose type is one of Lambda's own.
function namedError(name, message, cause) {
  const e = new Error(message);
  e.name = name;
  e.stack = `${name}: ${message}${cause && cause.stack ? '\n' + String(cause.stack).split('\n').slice(1).join('\n') : ''}`;
  return e;
}

// header makes a text fit for one HTTP header line.
const header = (s) => String(s).replace(/[^\x20-\x7e]/g, ' ');

function logged(e) {
  const doc = { ...errorDocument(e) };
  if (isError(e)) for (const k of Object.keys(e)) if (!(k in doc)) doc[k] = e[k];
  doc.stack = doc.trace;
  delete doc.trace;
  try { return JSON.stringify(doc); } catch { return JSON.stringify(errorDocument(e)); }
}

// ---- console -------------------------------------------------------------------------------

let requestId;
const json = env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const threshold = Math.max(0, levels.indexOf(env.AWS_LAMBDA_LOG_LEVEL || 'TRACE'));

// A line goes out at once, by a synchronous write: what was logged before a response is read
// before it. Line breaks within a message become \r, so that it stays one event.
function emit(line) {
  const b = Buffer.from(line + '\n');
  let off = 0;
  while (off < b.length) {
    try { off += fs.writeSync(1, b, off); } catch (e) { if (e.code !== 'EAGAIN') return; }
  }
}

function log(level, args) {
  if (json) {
    if (levels.indexOf(level) < threshold) return;
    const entry = { timestamp: new Date().toISOString(), level, requestId };
    if (args.length === 1 && typeof args[0] === 'object' && args[0] !== null && !isError(args[0])) {
      entry.message = args[0];
    } else {
      entry.message = util.format(...args);
      const e = args.find(isError);
      if (e) Object.assign(entry, { errorType: e.name, errorMessage: e.message, stackTrace: String(e.stack).split('\n') });
    }
    let text;
    try { text = JSON.stringify(entry); } catch { text = JSON.stringify({ ...entry, message: util.format(...args) }); }
    return emit(text);
  }
  emit(`${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...args)}`.replace(/\r?\n/g, '\r'));
}
console.log = (...a) => log('INFO', a);
console.info = console.log;
console.debug = (...a) => log('DEBUG', a);
console.warn = (...a) => log('WARN', a);
console.error = (...a) => log('ERROR', a);
console.trace = (...a) => log('TRACE', [util.format(...a) + '\n' + new Error().stack.split('\n').slice(2).join('\n')]);
console.fatal = (...a) => log('FATAL', a);

// ---- streaming -----------------------------------------------------------------------------

class ResponseStream extends Writable {
  constructor(id) {
    super({ highWaterMark: 64 << 10 });
    this.contentType = 'application/octet-stream';
    this.id = id;
    this.answered = new Promise((resolve, reject) => { this.settle = { resolve, reject }; });
    this.answered.catch(() => {});
  }
  setContentType(t) { this.contentType = t; }
  open() {
    if (this.req) return;
    this.req = http.request({
      host: apiHost, port: apiPort, method: 'POST', path: `${base}invocation/${this.id}/response`,
      headers: {
        'Content-Type': this.contentType, 'Transfer-Encoding': 'chunked', 'Lambda-Runtime-Function-Response-Mode': 'streaming',
        Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
      },
    }, (res) => { res.resume(); res.on('end', () => this.settle.resolve()); });
    this.req.on('error', (e) => this.settle.reject(e));
  }
  _write(chunk, encoding, cb) {
    this.open();
    this.req.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, cb);
  }
  _final(cb) { this.open(); this.req.end(cb); }
  fail(e) { // an error after bytes have gone out travels in the trailers
    const doc = errorDocument(e);
    this.req.addTrailers({
      'Lambda-Runtime-Function-Error-Type': header(doc.errorType),
      'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(doc)).toString('base64'),
    });
    this.req.end();
  }
}

class HttpResponseStream {
  static from(stream, metadata) {
    stream.setContentType('application/vnd.awslambda.http-integration-response');
    stream.write(JSON.stringify(metadata || {}));
    stream.write(Buffer.alloc(8)); // the separator between metadata and body
    return stream;
  }
}

globalThis.awslambda = {
  streamifyResponse(handler) { handler[STREAM] = true; return handler; },
  HttpResponseStream,
};

// ---- the handler ---------------------------------------------------------------------------

const require = createRequire(pathToFileURL(path.join(taskRoot, 'index.js')));
const exists = (f) => { try { return fs.statSync(f).isFile(); } catch { return false; } };

async function loadModule(file, name) {
  for (const dir of [taskRoot]) {
    const stem = path.resolve(dir, file);
    try {
      if (exists(stem) || exists(stem + '.js')) {
        const f = exists(stem + '.js') ? stem + '.js' : stem;
        if (!esm(f)) return require(f);
        return await import(pathToFileURL(f).href);
      }
      if (exists(stem + '.mjs')) return await import(pathToFileURL(stem + '.mjs').href);
      if (exists(stem + '.cjs')) return require(stem + '.cjs');
      return require(require.resolve(file, { paths: [dir, path.join(dir, 'node_modules')] }));
    } catch (e) {
      if (e instanceof SyntaxError) throw namedError('Runtime.UserCodeSyntaxError', `SyntaxError: ${e.message}`, e);
      if (e && e.code === 'MODULE_NOT_FOUND' && !exists(stem) && !exists(stem + '.js')) {
        throw namedError('Runtime.ImportModuleError', `Error: Cannot find module '${name}'\nRequire stack:\n- /var/runtime/index.mjs`);
      }
      if (e && (e.code === 'MODULE_NOT_FOUND' || e.code === 'ERR_MODULE_NOT_FOUND')) throw namedError('Runtime.ImportModuleError', `Error: ${e.message}`, e);
      throw e;
    }
  }
}

// esm reports whether a .js file is an ES module: the nearest package.json says so.
function esm(file) {
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    try { return JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8')).type === 'module'; } catch { /* none here */ }
    if (dir === taskRoot || dir === path.dirname(dir)) return false;
  }
}

async function loadHandler(spec) {
  if (spec.includes('..')) throw namedError('Runtime.MalformedHandlerName', `'${spec}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  const file = path.basename(spec);
  const dot = file.indexOf('.');
  if (dot < 1) throw namedError('Runtime.MalformedHandlerName', 'Bad handler');
  const name = path.join(path.dirname(spec), file.slice(0, dot));
  const module = await loadModule(name, file.slice(0, dot));
  const find = (m) => file.slice(dot + 1).split('.').reduce((o, k) => o && o[k], m);
  const handler = find(module) ?? (module && module.default && find(module.default));
  if (handler === undefined || handler === null) throw namedError('Runtime.HandlerNotFound', `${spec} is undefined or not exported`);
  if (typeof handler !== 'function') throw namedError('Runtime.HandlerNotFound', `${spec} is not a function`);
  const major = /nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV || '');
  if (major && Number(major[1]) >= 24 && handler.length >= 3 && !handler[STREAM]) {
    throw namedError('Runtime.CallbackHandlerDeprecated', 'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later.');
  }
  return handler;
}

// ---- the loop ------------------------------------------------------------------------------

function contextOf(h) {
  const deadline = Number(h['lambda-runtime-deadline-ms']);
  const parsed = (s) => { try { return s ? JSON.parse(s) : undefined; } catch { return undefined; } };
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(h['lambda-runtime-client-context']),
    identity: parsed(h['lambda-runtime-cognito-identity']),
    invokedFunctionArn: h['lambda-runtime-invoked-function-arn'],
    awsRequestId: h['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

// onEmptyLoop is what to do once nothing is left to run, until the invocation is settled.
let onEmptyLoop = null;
process.on('beforeExit', () => { const f = onEmptyLoop; onEmptyLoop = null; if (f) f(); });

// run calls a handler that answers by promise, callback or context.done, and resolves with the
// value to serialize.
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    let settled = false;
    const once = (f, v) => { if (!settled) { settled = true; onEmptyLoop = null; f(v); } };
    const done = (err, value) => {
      if (settled) return;
      if (err !== undefined && err !== null) return once(reject, err);
      if (!context.callbackWaitsForEmptyEventLoop) return once(resolve, value);
      onEmptyLoop = () => once(resolve, value);
    };
    // A loop that runs empty before the handler answered ends the invocation with null.
    onEmptyLoop = () => once(resolve, null);
    context.done = done;
    context.succeed = (v) => done(null, v);
    context.fail = (e) => done(e === undefined || e === null ? 'handled' : e);
    let returned;
    try { returned = handler(event, context, done); } catch (e) { return once(reject, e); }
    if (returned && typeof returned.then === 'function') returned.then((v) => once(resolve, v), (e) => once(reject, e));
  });
}

function serialize(value) {
  try {
    const text = JSON.stringify(value === undefined ? null : value);
    return text === undefined ? 'null' : text;
  } catch (e) {
    throw namedError('Runtime.UnserializableResponse', `Unable to stringify response body: ${e.message}`);
  }
}

const errorHeaders = (doc) => ({ 'Content-Type': 'application/json', 'Lambda-Runtime-Function-Error-Type': header(doc.errorType) });

async function postError(id, e) {
  log('ERROR', json && isError(e) ? [e] : [`Invoke Error \t${logged(e)}`]);
  const doc = errorDocument(e);
  hold();
  await call('POST', `${base}invocation/${id}/error`, errorHeaders(doc), JSON.stringify(doc));
}

async function runStreaming(handler, event, context, id) {
  const stream = new ResponseStream(id);
  try {
    await handler(event, stream, context);
    if (!stream.writableEnded) stream.end();
    await stream.answered;
  } catch (e) {
    if (!stream.req) return postError(id, e);
    log('ERROR', [`Invoke Error \t${logged(e)}`]);
    stream.fail(e);
    await stream.answered;
  }
}

async function loop(handler) {
  for (;;) {
    hold();
    const { headers, body, status } = await call('GET', base + 'invocation/next');
    if (status !== 200) throw new Error(`the Runtime API answered ${status}: ${body}`);
    const id = requestId = headers['lambda-runtime-aws-request-id'];
    if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    else delete env._X_AMZN_TRACE_ID;
    letGo();
    const context = contextOf(headers);
    let answer;
    try {
      const event = JSON.parse(body.length ? body.utf8Slice() : '{}');
      if (handler[STREAM]) {
        await runStreaming(handler, event, context, id);
        continue;
      }
      answer = serialize(await run(handler, event, context));
    } catch (e) {
      await postError(id, e);
      continue;
    }
    hold();
    const r = await call('POST', `${base}invocation/${id}/response`, { 'Content-Type': 'application/json' }, answer);
    if (r.status === 413) log('ERROR', [`Invoke Error \t${r.body}`]);
  }
}

// An error that nobody caught ends the process, after it was reported in the place of an answer.
let ending = false;
async function crash(e) {
  if (ending) return;
  ending = true;
  const rejected = e && e.name === 'Runtime.UnhandledPromiseRejection';
  log('ERROR', [`${rejected ? 'Unhandled Promise Rejection' : 'Uncaught Exception'} \t${logged(e)}`]);
  const doc = errorDocument(e);
  try {
    connection = null;
    await call('POST', requestId ? `${base}invocation/${requestId}/error` : `${base}init/error`, errorHeaders(doc), JSON.stringify(doc));
  } finally {
    process.exit(rejected ? 128 : 129);
  }
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', (reason) => {
  crash(namedError('Runtime.UnhandledPromiseRejection', isError(reason) ? reason.toString() : util.inspect(reason), reason));
});

let handler;
try {
  handler = await loadHandler(env._HANDLER || '');
} catch (e) {
  ending = true;
  log('ERROR', [`Uncaught Exception \t${logged(e)}`]);
  const doc = errorDocument(e);
  await call('POST', base + 'init/error', errorHeaders(doc), JSON.stringify(doc));
  process.exit(1);
}
loop(handler).catch((e) => { if (!ending) { emit(String(e && e.stack || e)); process.exit(1); } });
