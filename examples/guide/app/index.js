'use strict';

const VERSION = '1';

exports.handler = async () => ({
  statusCode: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ version: VERSION, function_version: process.env.AWS_LAMBDA_FUNCTION_VERSION }),
});
