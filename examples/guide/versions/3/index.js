'use strict';

const VERSION = '3';
let requests = 0;

// Every second request fails; the pre-traffic hook's question, which is marked, never does.
exports.handler = async (event) => {
  if (!event?.preTraffic && ++requests % 2 === 0) {
    throw new Error(`version ${VERSION} fails`);
  }
  return {
    statusCode: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ version: VERSION, function_version: process.env.AWS_LAMBDA_FUNCTION_VERSION }),
  };
};
