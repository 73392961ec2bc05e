'use strict';

// Before traffic: does the new version, asked by its own number, answer well?

const { invoke, callBack } = require('./aws.js');

async function check() {
  const answer = await invoke(process.env.NewVersion, '', { preTraffic: true });
  if (answer.functionError) throw new Error(`the new version threw: ${answer.payload}`);
  const { statusCode } = JSON.parse(answer.payload);
  if (statusCode !== 200) throw new Error(`the new version answered ${statusCode}`);
  console.log(`version ${answer.version} is well`);
}

exports.handler = async (event) => {
  let status = 'Succeeded';
  try {
    await check();
  } catch (e) {
    console.error(e);
    status = 'Failed';
  }
  await callBack(event, status);
  return { status };
};
