import type { Context } from "../../model/context.ts";
import { CodedError, RefusedError } from "../../model/errors.ts";
import type { DigestAlgorithm, Transferred } from "../../model/host.ts";
import type { SourceFacts } from "../../model/host-facts.ts";
import type { SourceImage } from "../../model/source-image.ts";
import { withoutUndefined } from "../../model/without-undefined.ts";
import { type GlanceAddress, parseGlanceAddress } from "../../tools/openstack/address.ts";
import type { GlanceImage } from "../../tools/openstack/image.ts";
import { imageSignature } from "../../tools/signature/image-signature.ts";
import type { Source, SourceProblem, SourceRequest } from "../source.ts";
import { glanceClient } from "./client.ts";
import { fetchDirect, snapshotsOf } from "./direct.ts";
import { findImage, stateProblem } from "./find-image.ts";
import { glanceSettingsOf, signersIn } from "./settings.ts";
import { signersFor } from "./signers.ts";
import { glanceWords } from "./trouble.ts";

/** OpenStack's image service, version 2 (Nova GCL-01 … GCL-11). The scheme `glance+http` is for services without TLS. */
function overGlance(scheme: string): Source {
  return {
    scheme,
    check: (address) => (parseGlanceAddress(address) === undefined ? invalid(address) : undefined),
    imageId(address) {
      const { image } = parseGlanceAddress(address) ?? {};
      return image !== undefined && "id" in image ? image.id : undefined;
    },
    look,
    fetch: fetchImage,
  };
}

export const glance = overGlance("glance");
export const glanceHttp = overGlance("glance+http");

async function look(context: Context, address: string): Promise<SourceFacts> {
  try {
    const { image, server } = await found(context, address);
    const { host } = context;
    const direct = snapshotsOf(image, glanceSettingsOf(context.settings.drivers)).length === 0 ? "" : "Ceph, or else ";
    const way = `${direct}Glance at ${server}${host.route === undefined ? "" : `, pushed to ${host.name}`}`;
    const signers = await lookUpSigners(context, image);
    const problem = stateProblem(image) ?? signers.problem;
    return {
      way,
      bytes: image.size,
      image: sourceImage(image),
      ...withoutUndefined({ signers: signers.certificates, problem }),
    };
  } catch (error) {
    return { way: null, bytes: null, problem: problemIn(error) };
  }
}

/** The certificates that the signature of an image is checked with, or why they cannot be relied on: known before its content comes. */
async function lookUpSigners(
  context: Context,
  image: GlanceImage,
): Promise<{ readonly certificates?: readonly string[]; readonly problem?: SourceProblem }> {
  const signers = signersIn(glanceSettingsOf(context.settings.drivers));
  const signature = imageSignature(image.properties);
  if (signers === null || signature === null || typeof signature === "string") return {};
  try {
    const found = await signersFor(context, signers, image.name ?? image.id, image.properties);
    return { certificates: found.map(({ certificate }) => certificate.toString()) };
  } catch (error) {
    return { problem: problemIn(error) };
  }
}

/** The problem that a coded error reports. Throws any other error. */
function problemIn(error: unknown): SourceProblem {
  if (!(error instanceof CodedError)) throw error;
  const [first] = error.diagnostics;
  if (first === undefined) throw error;
  return { code: first.code, summary: first.summary, detail: first.detail };
}

async function found(context: Context, address: string) {
  const parsed = addressOf(address);
  const client = glanceClient(context, glanceSettingsOf(context.settings.drivers), parsed.endpoint);
  const image = await findImage(client, parsed);
  const { urls } = await client.servers();
  return { client, image, server: new URL(urls[0] ?? "").host };
}

async function fetchImage(context: Context, request: SourceRequest): Promise<Transferred> {
  const { client, image } = await found(context, request.source);
  const problem = stateProblem(image);
  if (problem !== undefined) throw new RefusedError(problem.code, problem.summary, problem.detail);
  const algorithm = digestOf(image)?.algorithm;
  const digests = [...new Set<DigestAlgorithm>([...request.digests, ...(algorithm === undefined ? [] : [algorithm])])];
  const direct = await fetchDirect(context, { ...request, digests }, image);
  const transferred =
    direct ??
    (await download(context, client, { ...request, digests }, image).catch(async (error: unknown) => {
      // The token ended while a long download was resumed.
      if (!(error instanceof CodedError) || error.code !== "glance-unauthorized") throw error;
      await client.renew();
      return await download(context, client, { ...request, digests }, image);
    }));
  refuseOther(image, transferred);
  return transferred;
}

async function download(
  context: Context,
  client: ReturnType<typeof glanceClient>,
  request: SourceRequest,
  image: GlanceImage,
): Promise<Transferred> {
  const { urls, headers, security } = await client.servers();
  const origin = await client.origin();
  // The same order in each run: a download that another run began is continued only from the same addresses.
  const first = Number.parseInt(image.id.slice(0, 8), 16) % urls.length;
  const [url = "", ...alternatives] = [...urls]
    .sort()
    .map((server) => `${server}/v2/images/${image.id}/file`)
    .map((_, index, all) => all[(index + first) % all.length] ?? "");
  const { source: _source, access: _access, verified: _verified, mirrors: _mirrors, expected: _expected, ...rest } = request;
  // Its servers are one service, so that which of them gave the bytes says nothing.
  const { mirror: _mirror, ...transferred } = await context.host.download({
    ...rest,
    url,
    alternatives,
    sharedAccess: true,
    retries: glanceSettingsOf(context.settings.drivers).retries,
    access: withoutUndefined({ headers, client: security.client, authorities: security.authorities, insecure: security.insecure }),
    // Nova GLA-27: the bytes of an active image never change, and its digest is compared.
    immutable: digestOf(image) !== undefined,
    explain: (status) => (status >= 500 ? undefined : glanceWords(status, `image ${image.name ?? image.id}`, origin)),
    signal: context.signal,
  });
  return transferred;
}

/** Nova GCL-10: the digest that Glance recorded; MD5 only where it has no other. */
function refuseOther(image: GlanceImage, { digests, bytes }: Transferred): void {
  const wanted = digestOf(image);
  const shown = image.name === null ? image.id : `${image.name} (${image.id})`;
  if (wanted === undefined) {
    if (image.size === null || image.size === bytes) return;
    throw new RefusedError(
      "image-checksum-mismatch",
      `Image ${shown} has ${image.size} bytes in Glance, and ${bytes} were received`,
      "Fetch it again.",
    );
  }
  const received = digests[wanted.algorithm];
  if (received === wanted.hex) return;
  throw new RefusedError(
    "image-checksum-mismatch",
    `Image ${shown} does not match the digest that Glance recorded: ${wanted.algorithm}:${wanted.hex}, received ${wanted.algorithm}:${received}`,
    "It was damaged in the store of Glance or modified in transit. Fetch it again; if that fails too, have it uploaded again under a new id.",
  );
}

const algorithms: readonly DigestAlgorithm[] = ["sha256", "sha384", "sha512", "sha224", "sha1", "md5"];

function digestOf({ hash, checksum }: GlanceImage): { readonly algorithm: DigestAlgorithm; readonly hex: string } | undefined {
  const algorithm = algorithms.find((one) => one === hash?.algorithm);
  if (hash !== null && algorithm !== undefined) return { algorithm, hex: hash.hex };
  return checksum !== null && /^[0-9a-f]{32}$/.test(checksum) ? { algorithm: "md5", hex: checksum } : undefined;
}

function sourceImage(image: GlanceImage): SourceImage {
  const { directUrl, locations } = image;
  return {
    id: image.id,
    name: image.name,
    status: image.status,
    diskFormat: image.diskFormat,
    containerFormat: image.containerFormat,
    size: image.size,
    virtualSize: image.virtualSize,
    minDisk: image.minDisk,
    minRam: image.minRam,
    owner: image.owner,
    visibility: image.visibility,
    protected: image.protected,
    digest: digestOf(image) ?? null,
    locations: [...new Set([...(directUrl === null ? [] : [directUrl]), ...locations])],
    properties: image.properties,
  };
}

function addressOf(address: string): GlanceAddress {
  const parsed = parseGlanceAddress(address);
  if (parsed === undefined) throw new RefusedError(invalid(address).code, invalid(address).summary, invalid(address).detail);
  return parsed;
}

function invalid(address: string): SourceProblem {
  const detail =
    "Write glance://ID or glance://NAME for an image of the cloud, or glance://HOST:PORT/v2/images/ID for one of another service (glance+http:// without TLS).";
  return { code: "image-source-invalid", summary: `Invalid address of an image in Glance: ${address}`, detail };
}
