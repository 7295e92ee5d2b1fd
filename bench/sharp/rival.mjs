// sharp as its documentation shows it: one file, one `clone()` per size, all at once; sharp's own defaults.
//
//     node rival.mjs FOLDER       one request a line on stdin, as JSON; one answer a line on stdout (image_rivals.py)
//
// FOLDER is where npm installed sharp.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const sharp = createRequire(join(process.argv[2], "package.json"))("sharp");
const SIZES = [1024, 512, 128, 64];
const LARGE = 1024;

async function make(data, format, quality) {
  const image = sharp(data).autoOrient();
  const { width, height } = await image.metadata();
  const sizes = Math.max(width, height) > LARGE ? SIZES : SIZES.slice(0, -1);
  const options = quality === null ? {} : { quality };
  const resized = (size) => image.clone().resize(size, size, { fit: "inside", withoutEnlargement: true });
  return Promise.all(sizes.map((size) => resized(size).toFormat(format, options).toBuffer()));
}

const files = new Map();
console.log("{}"); // ready
for await (const line of createInterface({ input: process.stdin })) {
  const { path, format, quality, into } = JSON.parse(line);
  if (!files.has(path)) files.set(path, readFileSync(path));
  const data = files.get(path);
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const outputs = await make(data, format, quality);
  const { user, system } = process.cpuUsage(cpu);
  const bytes = outputs.reduce((sum, output) => sum + output.length, 0);
  const answer = { wall: (performance.now() - wall) / 1e3, cpu: (user + system) / 1e6, bytes };
  if (into) outputs.forEach((output, number) => writeFileSync(join(into, String(number)), output));
  console.log(JSON.stringify(answer));
}
