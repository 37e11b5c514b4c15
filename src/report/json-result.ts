import { hasErrors } from "../model/diagnostic.ts";
import { escapeControls } from "../model/escape-controls.ts";
import type { Json } from "../model/json.ts";
import type { FoundInstance, FoundObject, Result } from "../model/result.ts";
import { diagnosticJson } from "./json.ts";
import { nested, nestPaths } from "./nest-paths.ts";

/** A result as JSON text; empty where the format has none. */
export function resultText(result: Result): string {
  switch (result.kind) {
    case "validation": {
      const { diagnostics } = result;
      const count = (severity: string) => diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
      return jsonText({
        format_version: "1.0",
        valid: !hasErrors(diagnostics),
        error_count: count("error"),
        warning_count: count("warning"),
        diagnostics: diagnostics.map(diagnosticJson),
      });
    }
    case "findings":
      return jsonText(result.findings);
    case "instances":
      return jsonText(result.instances.map(instanceJson));
    case "networks":
      return jsonText(result.networks);
    case "hosts": {
      const { hosts } = result;
      return jsonText({
        objects: hosts.flatMap(({ objects }) => objects).map(objectJson),
        unmanaged: hosts.flatMap(({ unmanaged }) => unmanaged),
      });
    }
    case "objects":
      return jsonText({ objects: result.objects.map(objectJson) });
    case "images":
      return jsonText(result.images);
    case "verified":
      return jsonLine(result.verified);
    case "freshness":
      return jsonLine({ ...hostOf(result), image: result.image, outcome: result.outcome, reason: result.reason });
    case "digest":
      return jsonLine({ ...hostOf(result), image: result.image, digest: result.digest, bytes: result.bytes });
    case "nothing":
      return "";
    case "document":
      return result.text;
  }
}

/** Disks and interfaces are objects by their name, as in a plan. Of a guest that does not exist no interface is known. */
function instanceJson({ interfaces: _macs, pending, ...instance }: FoundInstance): Json {
  const { interfaces = {}, ...known } = nestPaths(Object.entries(instance as unknown as Readonly<Record<string, Json>>));
  return { ...known, interfaces, ...(pending === undefined ? {} : { pending }) };
}

function objectJson({ address, state }: FoundObject): FoundObject {
  return { address, state: nested(state) };
}

function hostOf({ host }: { readonly host?: string }): { readonly host?: string } {
  return host === undefined ? {} : { host };
}

/** One JSON document. Control characters are escaped, as JSON allows. */
export function jsonText(value: unknown): string {
  return `${escapeControls(JSON.stringify(value, null, 2), "\n")}\n`;
}

/** One line of newline-delimited JSON. */
export function jsonLine(value: unknown): string {
  return `${escapeControls(JSON.stringify(value))}\n`;
}
