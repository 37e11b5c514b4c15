import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import type { ImageSpec } from "./spec.ts";

/** A warning about `access` of an image that does not come from a web server. Pure. */
export function checkAccess({ address, spec }: Resource<ImageSpec>): Diagnostic[] {
  if (spec.access === null || /^https?:/.test(spec.source)) return [];
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
