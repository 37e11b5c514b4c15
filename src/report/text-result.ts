import { stringify } from "yaml";
import { type Address, addressKind } from "../model/address.ts";
import { hasErrors } from "../model/diagnostic.ts";
import { escapeControls } from "../model/escape-controls.ts";
import type { Finding } from "../model/finding.ts";
import type { Json } from "../model/json.ts";
import { pendingOfState } from "../model/pending-of-state.ts";
import type { Unmanaged } from "../model/plan.ts";
import { instanceOf, presentationOf } from "../model/presentation.ts";
import { approximateQuantity, formatQuantity } from "../model/quantity.ts";
import type { FoundHost, FoundImage, FoundInstance, FoundNetwork, Result, VerifiedImage } from "../model/result.ts";
import { formatDiagnostics } from "./diagnostics.ts";
import { nameRanges } from "./name-ranges.ts";
import type { ReporterOptions } from "./options.ts";
import { pendingLines } from "./pending-line.ts";
import { count } from "./quantities.ts";
import { type Line, paint, span, type Tone } from "./style.ts";
import { withSizes } from "./with-sizes.ts";

/** Shows a result as text: what was asked for on standard output, diagnostics on standard error. */
export function showResult(result: Result, { stdout, stderr, color }: Pick<ReporterOptions, "stdout" | "stderr" | "color">): void {
  const print = (...lines: readonly Line[]) => stdout.write(paint(lines, color));
  switch (result.kind) {
    case "validation": {
      const { diagnostics, files } = result;
      if (diagnostics.length > 0) stderr.write(formatDiagnostics(diagnostics, { color }));
      const errors = diagnostics.filter(({ severity }) => severity === "error").length;
      print([
        span(
          hasErrors(diagnostics)
            ? `The configuration is not valid: ${count(errors, "error")}.`
            : `The configuration is valid (${count(files.length, "file")}).`,
        ),
      ]);
      return;
    }
    case "findings":
      print(...result.findings.flatMap(findingLines));
      return;
    case "instances":
      print(
        ...instanceTable(result.instances, result.wide === true),
        ...waiting(result.instances.map(({ name, ...state }) => [onHost(state, `domain/${name}`), state as unknown as Json])),
      );
      print(
        ...behindImage(result.instances.flatMap(({ name, host, behind_image }) => (behind_image === true ? [onHost({ host }, name)] : []))),
      );
      return;
    case "networks":
      print(...table(withHosts(networkColumns, result.networks), result.networks));
      return;
    case "hosts":
      print(...result.hosts.flatMap((host, place) => (place === 0 ? hostLines(host) : [[], ...hostLines(host)])));
      return;
    case "objects":
      stdout.write(
        escapeControls(
          stringify(Object.fromEntries(result.objects.map(({ address, state }) => [address, withSizes(state, sizesOf(address))])), {
            lineWidth: 0,
          }),
          "\n\t",
        ),
      );
      return;
    case "images":
      print(...table(withHosts(imageColumns, result.images), result.images));
      return;
    case "verified":
      print(...verifiedLines(result.verified));
      return;
    case "freshness":
      print([span(result.outcome.padEnd(9), freshnessTones[result.outcome]), span(` ${onHost(result, result.image)}: ${result.reason}`)]);
      return;
    case "digest":
      print([
        span(
          `${onHost(result, result.image)}: ${result.digest} (${result.bytes === null ? "signed by its publisher" : formatQuantity(result.bytes)})`,
        ),
      ]);
      return;
    case "nothing":
      print([span(result.text)]);
      return;
    case "document":
      stdout.write(result.text);
      return;
  }
}

/** Everything of a project on a host. */
function hostLines({ project, uri, objects, unmanaged }: FoundHost): Line[] {
  const own = objects.length === 0 ? [[span("  nothing")]] : objects.map(({ address, state }) => [span(`  ${address}`), ...imageOf(state)]);
  const others = unmanagedLines(unmanaged);
  return [
    [span(`Project ${project} on ${uri}:`)],
    ...own,
    ...waiting(objects.map(({ address, state }) => [address, state])),
    ...behindImage(objects.flatMap(({ address, state }) => (isBehind(state) ? [instanceOf(address) ?? address] : []))),
    ...(others.length > 0 ? [[], [span("Not managed here, never touched:")], ...others] : []),
  ];
}

/** A name or an address, behind the name of its host where there are several. */
function onHost<Name extends string>({ host }: { readonly host?: string | undefined }, name: Name): Name | Address {
  return host === undefined ? name : `${host}/${name}`;
}

/** Which guests wait for a restart, after an empty line. */
function waiting(objects: readonly (readonly [address: Address, state: Json])[]): Line[] {
  const lines = pendingLines(objects.flatMap(([address, state]) => pendingOfState(address, state) ?? []));
  return lines.length === 0 ? [] : [[], ...lines];
}

/** Instances whose root disks stay on an earlier image than the configured one. */
function behindImage(names: readonly string[]): Line[] {
  return names.length === 0 ? [] : [[], [span(`${count(names.length, "guest")} behind the image: ${names.join(", ")}`)]];
}

function isBehind(state: Json): boolean {
  return (
    typeof state === "object" &&
    state !== null &&
    !Array.isArray(state) &&
    (state as { readonly behind_image?: Json })["behind_image"] === true
  );
}

const marks: Readonly<Record<Finding["status"], Tone>> = { ok: "add", warning: "change", error: "remove" };

function findingLines({ host, check, status, found, fix }: Finding): Line[] {
  const where = host === undefined ? "" : `${host}: `;
  const line: Line = [span(status.padEnd(8), marks[status]), span(` ${where}${check}: ${found}`)];
  return fix === undefined ? [line] : [line, [span(`         → ${fix}`)]];
}

/** A column of a table; `wide`: only where more columns are asked for. */
type Column<Row> = readonly [title: string, cell: (row: Row) => string, wide?: true];

const columns: readonly Column<FoundInstance>[] = [
  ["NAME", ({ name }) => name],
  ["STATE", stateOf],
  ["ADDRESS", ({ addresses }) => addresses.join(",")],
  ["IMAGE", ({ image }) => image ?? ""],
  ["FLAVOR", ({ flavor }) => flavor ?? ""],
  ["VCPUS", ({ vcpus }) => (vcpus === null ? "" : String(vcpus))],
  ["MEMORY", ({ memory }) => (memory === null ? "" : formatQuantity(memory))],
  ["DISK", ({ disk_sizes: disks }) => disks.map(({ size }) => (size === null ? "?" : formatQuantity(size))).join("+")],
  ["UUID", ({ uuid }) => uuid, true],
  ["MAC", ({ interfaces }) => interfaces.join(","), true],
  ["REASON", ({ reason }) => reason ?? "", true],
];

function stateOf({ status, reason, declared, pending }: FoundInstance): string {
  const why = status === "error" && reason !== null ? ` (${reason})` : "";
  return [
    `${status}${why}`,
    ...(pending === undefined ? [] : ["restart pending"]),
    ...(declared || status === "leftover" ? [] : ["not declared"]),
  ].join(", ");
}

const networkColumns: readonly Column<FoundNetwork>[] = [
  ["NAME", ({ name }) => name],
  ["STATE", ({ status, declared }) => [status ?? "unknown", ...(declared ? [] : ["not declared"])].join(", ")],
  ["TYPE", ({ type }) => type],
  ["BRIDGE", ({ bridge }) => bridge ?? ""],
  ["SUBNETS", ({ subnets }) => subnets.join(",")],
  ["DOMAINS", ({ domains }) => domains.join(",")],
];

const size = (bytes: number | null) => (bytes === null ? "" : approximateQuantity(bytes));

const imageColumns: readonly Column<FoundImage>[] = [
  ["NAME", ({ name }) => name],
  ["STATUS", ({ status, declared }) => (declared ? status : `${status}, not declared`)],
  ["FORMAT", ({ disk_format: from, format }) => (format === null || format === from ? from : `${from}→${format}`)],
  ["FILE", ({ file_size }) => size(file_size)],
  ["ALLOCATED", ({ allocated }) => size(allocated)],
  ["VIRTUAL", ({ virtual_size }) => size(virtual_size)],
  ["DISKS", ({ backed, copied }) => (backed.length + copied.length === 0 ? "" : String(backed.length + copied.length))],
  ["PROJECT", ({ project }) => project ?? ""],
  ["SOURCE", ({ source }) => source],
];

const freshnessTones = { current: "add", outdated: "change", unknown: "remove", failed: "remove" } as const satisfies Record<string, Tone>;

function verifiedLines({ host, image, path, outcome, expected, found, backed, copied }: VerifiedImage): Line[] {
  const first = (text: string, tone: Tone): Line => [span(outcome.padEnd(10), tone), span(` ${onHost({ host }, image)}: ${text}`)];
  if (outcome === "intact") return [first(`sha256:${found}`, "add")];
  if (outcome !== "changed") {
    const then = outcome === "recorded" ? "; its present digest is recorded for the next comparison" : "";
    return [first(`no digest of ${path} was recorded when it was fetched${then}`, "change")];
  }
  const concerns = [
    ...(backed.length === 0 ? [] : [`backed by it, and damaged with it: ${backed.join(", ")}`]),
    ...(copied.length === 0 ? [] : [`copied from it, damaged if that was after the change: ${copied.join(", ")}`]),
  ];
  return [
    first(`${path} was written to since it was published`, "remove"),
    [span(`           expected sha256:${expected ?? ""}`)],
    [span(`           found    sha256:${found}`)],
    ...concerns.map((text): Line => [span(`           ${text}`)]),
  ];
}

function instanceTable(instances: readonly FoundInstance[], wide: boolean): Line[] {
  const shown = columns.filter(([, , onlyWide]) => wide || onlyWide === undefined);
  return table(withHosts(shown, instances), instances);
}

/** The columns, with the host in front where rows of several hosts are shown. */
function withHosts<Row extends { readonly host?: string }>(shown: readonly Column<Row>[], rows: readonly Row[]): readonly Column<Row>[] {
  return rows.some(({ host }) => host !== undefined) ? [["HOST", ({ host }) => host ?? ""], ...shown] : shown;
}

function table<Row>(shown: readonly Column<Row>[], all: readonly Row[]): Line[] {
  const rows = [shown.map(([title]) => title), ...all.map((one) => shown.map(([, cell]) => cell(one) || "-"))].map((row) =>
    row.map((cell) => escapeControls(cell)),
  );
  const widths = (rows[0] ?? []).map((_, column) => rows.reduce((width, row) => Math.max(width, (row[column] ?? "").length), 0));
  return rows.map((row) => [
    span(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
  ]);
}

/** The name of the image that a base image was made from, by which plans call it. */
function imageOf(state: Json): Line {
  const { image, fetched_at: fetchedAt } = (state ?? {}) as { readonly image?: unknown; readonly fetched_at?: unknown };
  return typeof image === "string" && fetchedAt !== undefined ? [span(`  (image/${image})`, "faint")] : [];
}

/** Objects of other owners, with numbered names of one owner as ranges. */
function unmanagedLines(unmanaged: readonly Unmanaged[]): Line[] {
  const groups = Map.groupBy(unmanaged, ({ what, owner, note }) => JSON.stringify([what, owner, note]));
  return [...groups.values()].flatMap((group) =>
    nameRanges(group.map(({ name }) => name)).map((names): Line => {
      const [{ what, owner, note }] = group as [Unmanaged];
      const of = owner === undefined ? "" : ` (project ${owner})`;
      return [span(`  ${what} ${names}${of}${note === undefined ? "" : `: ${note}`}`)];
    }),
  );
}

function sizesOf(address: Address): ReadonlySet<string> {
  return presentationOf(addressKind(address)).sizes ?? new Set();
}
