import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { proposedProject } from "../config/proposed-project.ts";
import { publishedSchema } from "../kinds/config-schema.ts";
import { keyPairSchema } from "../kinds/key-pair/schema.ts";
import { closest } from "../model/closest.ts";
import { errorMessage, UserError, userError } from "../model/errors.ts";
import { shellWord } from "../model/shell-word.ts";
import { ask } from "../report/ask.ts";
import { onlyHost } from "../session.ts";
import { libvirtOf } from "../tools/libvirt/libvirt.ts";
import { cloudImages, usualImage } from "./cloud-images.ts";
import { type CommandDefinition, colorOptions, type Invocation } from "./command.ts";
import { initYaml, type NewProject } from "./init-yaml.ts";
import type { Io } from "./io.ts";
import { openUnwritten } from "./open-session.ts";
import { reported } from "./reported.ts";

const names = Object.keys(cloudImages);

/** `virtform init`: writes the first configuration. */
export const init: CommandDefinition = {
  summary: "Write a first configuration: project, image, key and network",
  usage: "[DIR] [options]",
  description: `Writes virtform.yaml with one guest: an official cloud image, your public ssh key from ~/.ssh, and a network of the host. A file that exists is never changed. On a terminal it asks for missing values. Images: ${names.join(", ")}.`,
  options: {
    ...colorOptions,
    image: { type: "string", value: "NAME", values: names, help: `One of the images above (default ${usualImage}).` },
    name: { type: "string", value: "PROJECT", help: "Name of the project (default: that of the directory)." },
    key: { type: "string", value: "FILE", help: "File with your public ssh key (default: the first of ~/.ssh/id_*.pub)." },
    network: {
      type: "string",
      value: "NETWORK",
      help: "A network of libvirt (default: `default` if it is active, else QEMU's user network).",
    },
    uri: { type: "string", value: "URI", help: "The host, such as qemu+ssh://root@kvm1/system (default: this machine)." },
  },
  examples: [
    ["virtform init", "Asks, and writes virtform.yaml into the current directory."],
    ["virtform init shop --image debian-13 --name shop", "Writes shop/virtform.yaml without a question."],
  ],
  run: (invocation, io) => reported(invocation, io, { command: "init" }, ({ event }) => run(invocation, io, event)),
};

type Report = Parameters<Parameters<typeof reported>[3]>[0]["event"];

async function run(invocation: Invocation, io: Io, event: Report): Promise<number> {
  const [directory = "."] = invocation.positionals;
  refuseExisting(directory);
  const image = await chosenImage(invocation.text("image"), io);
  const project = checkedProject(
    await answered("Project", invocation.text("name") ?? proposedProject(resolve(directory)), invocation.text("name"), io),
  );
  const key = await publicKey(invocation.text("key"), io);
  const uri = invocation.text("uri");
  const network = await chosenNetwork(invocation.text("network"), uri, io);
  const instance = `${proposedProject(`/${project}`, /[^a-zA-Z0-9-]+/g).slice(0, 50)}-1`.toLowerCase();
  const text = initYaml({ project, image, instance, uri, publicKey: key?.line, network: network.to, schema: publishedSchema });
  const path = join(directory, "virtform.yaml");
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    throw userError("file-exists", `Cannot write ${path}`, errorMessage(error));
  }
  const place = directory === "." ? "" : ` ${shellWord(directory.startsWith("/") ? directory : `./${directory}`)}`;
  const lines = [
    `Wrote ${path}: project ${project} with one guest, ${instance}, of ${image.title}.`,
    key === undefined ? "  key      none was found in ~/.ssh: the file says how to add one" : `  key      ${key.file}`,
    `  network  ${network.to === "user" ? "QEMU's user network" : network.to.name}${network.why === undefined ? "" : ` (${network.why})`}`,
    "",
    "Next:",
    `  virtform image lock${place === "" ? "" : ` --path${place}`}    pin the image to its checksum`,
    `  virtform plan${place}`,
    `  virtform apply${place}`,
  ];
  event({ type: "result", result: { kind: "document", text: `${lines.join("\n")}\n` } });
  return 0;
}

function refuseExisting(directory: string): void {
  const found = listed(directory).find((name) => /(?:^|\.)virtform\.ya?ml$/.test(name));
  if (found === undefined) return;
  const detail = "virtform init changes no file. Name another directory, or go on with `virtform plan`.";
  throw userError("file-exists", `There is a configuration already: ${join(directory, found)}`, detail);
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw userError("file-exists", `Cannot read the directory ${directory}`, errorMessage(error));
  }
}

async function chosenImage(given: string | undefined, io: Io): Promise<NewProject["image"]> {
  if (given === undefined && isAsked(io)) {
    const list = names.map((name) => `  ${name.padEnd(14)} ${cloudImages[name]?.title}\n`).join("");
    io.stdout.write(`Images:\n${list}`);
  }
  const name = await answered("Image", usualImage, given, io);
  const image = Object.hasOwn(cloudImages, name) ? cloudImages[name] : undefined;
  if (image !== undefined) return { name, ...image };
  const near = closest(name, names);
  throw userError(
    "unknown-image",
    `No image is called ${name}`,
    `${near === undefined ? "" : `Did you mean ${near}? `}There are: ${names.join(", ")}. Another image is written into the file by hand, as its source.`,
  );
}

function checkedProject(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(name)) return name;
  const detail = `Write at most 63 letters, digits, dots, underscores and hyphens, such as ${proposedProject(`/${name}`)}.`;
  throw userError("bad-option", `${JSON.stringify(name)} cannot be the name of a project`, detail);
}

function isAsked({ stdin, stdout, env }: Io): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && !env["CI"];
}

/** What was given, else the answer on a terminal, else what is proposed. */
async function answered(question: string, proposed: string, given: string | undefined, io: Io): Promise<string> {
  if (given !== undefined || !isAsked(io)) return given ?? proposed;
  const answer = await ask(`${question} [${proposed}]: `, io.stdin, io.stdout).answer;
  if (answer === undefined) throw userError("stopped", "Nothing was written", "The question was not answered.");
  return answer === "" ? proposed : answer;
}

/** Private keys that ssh tries by itself, best first. */
const usualKeys = ["id_ed25519", "id_ecdsa", "id_ed25519_sk", "id_ecdsa_sk", "id_rsa"];

async function publicKey(given: string | undefined, { env }: Io): Promise<{ readonly line: string; readonly file: string } | undefined> {
  const home = env["HOME"] || homedir();
  const files = given === undefined ? usualKeys.map((name) => join(home, ".ssh", `${name}.pub`)) : [given];
  for (const file of files) {
    const line = await readFile(file, "utf8").then(
      (text) => text.trim(),
      (error: NodeJS.ErrnoException) => {
        if (given === undefined) return "";
        throw userError("file-not-found", `Cannot read the key ${file}`, errorMessage(error));
      },
    );
    if (new RegExp(keyPairSchema.properties.public_key.pattern).test(line)) return { line, file };
    if (given === undefined) continue;
    const detail = "It has one line such as ssh-ed25519 AAAA… comment. Name the .pub file, not the private key.";
    throw userError("bad-option", `${file} holds no public ssh key`, detail);
  }
  return undefined;
}

interface ChosenNetwork {
  readonly to: NewProject["network"];
  readonly why?: string;
}

/** libvirt's network `default` where it is active; otherwise QEMU's user network, which always works. */
async function chosenNetwork(given: string | undefined, uri: string | undefined, io: Io): Promise<ChosenNetwork> {
  if (given !== undefined) return { to: { name: given } };
  try {
    await using session = await openUnwritten(uri === undefined ? {} : { host: { uri } }, io);
    const { context } = onlyHost(session);
    const active = (await libvirtOf(context).networks()).get("default");
    if (active === true) return { to: { name: "default" } };
    const why = active === false ? "the network default is not active: virsh net-start default" : "the host has no network default";
    return { to: "user", why };
  } catch (error) {
    if (error instanceof UserError && uri !== undefined && error.diagnostics.some(({ code }) => code === "remote-host")) throw error;
    return { to: "user", why: `libvirt does not answer: ${errorMessage(error).split("\n")[0]}` };
  }
}
