'use strict';

// The two AWS calls of a hook, signed by hand (Signature Version 4), so that the package holds no
// SDK. AWS_ENDPOINT_URL names another endpoint than the region's own.

const { createHash, createHmac } = require('node:crypto');

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();

// One path segment or query part, with everything escaped but RFC 3986's unreserved characters.
const escape = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

// Returns the headers that sign a request. The URL's path is in its escaped form; the signature
// is over that form escaped once more, as every service but S3 wants it.
function sign({ method, url, headers, body, service, region, credentials, now }) {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const all = { ...headers, host: url.host, 'x-amz-date': time };
  if (credentials.sessionToken) all['x-amz-security-token'] = credentials.sessionToken;
  const lower = Object.entries(all).map(([name, value]) => [name.toLowerCase(), String(value).trim()]);
  lower.sort(([a], [b]) => (a < b ? -1 : 1));
  const names = lower.map(([name]) => name).join(';');
  const query = [...url.searchParams].map(([k, v]) => `${escape(k)}=${escape(v)}`).sort().join('&');
  const canonical = [
    method,
    url.pathname.split('/').map(escape).join('/'),
    query,
    ...lower.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = [time.slice(0, 8), region, service, 'aws4_request'].reduce(hmac, 'AWS4' + credentials.secretAccessKey);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  const { host, ...rest } = all; // fetch sets the host itself
  return {
    ...rest,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function send(service, method, path, headers, body) {
  const region = process.env.AWS_REGION;
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const base = process.env.AWS_ENDPOINT_URL || `https://${service}.${region}.${domain}`;
  const url = new URL(base.replace(/\/$/, '') + path);
  const credentials = {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID,
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
    sessionToken: process.env.AWS_SESSION_TOKEN,
  };
  return fetch(url, { method, body, headers: sign({ method, url, headers, body, service, region, credentials, now: new Date() }) });
}

// Invokes a function, and returns the version that answered, its error if it threw, and its answer.
async function invoke(functionName, qualifier, event) {
  const query = qualifier ? `?Qualifier=${escape(qualifier)}` : '';
  const path = `/2015-03-31/functions/${escape(functionName)}/invocations${query}`;
  const response = await send('lambda', 'POST', path, { 'content-type': 'application/json' }, JSON.stringify(event));
  const text = await response.text();
  if (response.status !== 200) throw new Error(`Invoke answered ${response.status}: ${text}`);
  return {
    version: response.headers.get('x-amz-executed-version'),
    functionError: response.headers.get('x-amz-function-error'),
    payload: text,
  };
}

// Tells CodeDeploy how the hook ended. That an earlier attempt has told it already is no error.
async function callBack(event, status) {
  const body = JSON.stringify({
    deploymentId: event.DeploymentId,
    lifecycleEventHookExecutionId: event.LifecycleEventHookExecutionId,
    status,
  });
  const response = await send('codedeploy', 'POST', '/', {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus',
  }, body);
  const text = await response.text();
  if (!response.ok && !text.includes('LifecycleEventAlreadyCompletedException')) {
    throw new Error(`PutLifecycleEventHookExecutionStatus answered ${response.status}: ${text}`);
  }
}

module.exports = { sign, invoke, callBack };
