'use strict';

// After traffic: is it the new version that the alias answers with?

const { invoke, callBack } = require('./aws.js');

async function check() {
  const want = process.env.NewVersion.split(':').pop();
  for (let i = 0; i < 3; i++) {
    const answer = await invoke(process.env.FunctionName, process.env.Alias, { postTraffic: true });
    if (answer.functionError) throw new Error(`the alias threw: ${answer.payload}`);
    if (answer.version !== want) throw new Error(`the alias is served by version ${answer.version}, not by ${want}`);
  }
  console.log(`version ${want} serves the alias`);
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
