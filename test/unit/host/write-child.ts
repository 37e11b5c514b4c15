import { writeAtomic } from "../../../src/host/local/publish.ts";

const path = process.argv[2] ?? "";
for (let number = 0; ; number += 1) {
  await writeAtomic(path, JSON.stringify({ number, filler: String(number).repeat(1000) }));
  if (number === 0) process.stdout.write("started\n");
}
