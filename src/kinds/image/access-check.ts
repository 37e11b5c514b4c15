import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { secretPlace, unavailableSecret } from "../../model/secret.ts";
import { accessReferences } from "../config/access-references.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * A warning about `access` of an image that does not come from a web server, and errors for secrets of it that are not available. `fetched`:
 * the image is to be fetched, so that they are needed. Pure.
 */
export function checkAccess({ address, spec }: Resource<ImageSpec>, fetched: boolean, { facts }: Observed): Diagnostic[] {
  if (spec.access === null) return [];
  if (/^https?:/.test(spec.source)) {
    return !fetched
      ? []
      : accessReferences(spec.access).flatMap((reference): Diagnostic[] => {
          const status = facts.secrets[secretPlace(reference)];
          if (status !== "missing" && status !== "empty") return [];
          const { summary, remedy } =
            status === "missing"
              ? unavailableSecret(reference)
              : { summary: `The secret from ${secretPlace(reference)} is empty`, remedy: "Write the value there." };
          const detail = `It is presented to the server of image ${spec.name}. ${remedy}`;
          return [problem("secret-missing", { summary, detail, address, key: ["access"] })];
        });
  }
  return [
    problem(
      "setting-without-effect",
      {
        summary: `access of image ${spec.name} has no effect on its source`,
        detail: `It is presented to web servers (http:// and https://), and the source is ${spec.source}. Remove access.`,
        address,
        key: ["access"],
        lasting: true,
      },
      "warning",
    ),
  ];
}
