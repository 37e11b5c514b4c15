import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from "ajv/dist/2020.js";
import { ownKeywords, type Schema } from "./keywords.ts";
import { expectation, type Finding, problemOf } from "./messages.ts";
import type { Pointer, Problem } from "./problem.ts";
import { walk } from "./walk.ts";

/** A schema compiler that knows virtform's keywords. */
export function createAjv(options: Options = {}): Ajv2020 {
  // A test checks that the schema is valid: checking it here would take longer than everything else.
  const ajv = new Ajv2020({ strictTypes: false, strictRequired: false, meta: false, validateSchema: false, ...options });
  ajv.addVocabulary([...ownKeywords]);
  return ajv;
}

/** Violations of the standard keywords of the schema, one problem per mistake. Sizes and digests have their own checks. */
export function validate(schema: object, value: unknown): Problem[] {
  const check = compiled(schema);
  if (check(value)) return [];
  const secrets = [...walk(schema as Schema, value)].filter((visit) => visit.schema.secret === true);
  const errors = (check.errors ?? []).map((error) => ({ ...error, pointer: pointerOf(error.instancePath, value) }));
  const problems: Problem[] = [];
  const hidden = new Set<(typeof secrets)[number]>();
  for (const error of withoutUnions(errors)) {
    const secret = secrets.find((visit) => startsWith(error.pointer, visit.pointer));
    if (secret !== undefined) {
      // The value may be the secret itself, keys included.
      if (!hidden.has(secret)) problems.push({ ...expectation(secret.pointer, secret.schema), hidden: true });
      hidden.add(secret);
    } else if (!(isSpecial(error.parentSchema as Schema | undefined) && (error.keyword === "pattern" || error.keyword === "type"))) {
      problems.push(problemOf(findingOf(error)));
    }
  }
  return withoutEchoes(problems);
}

/** Compiling takes ten times as long as checking, and one process may check many configurations. */
const checks = new WeakMap<object, ValidateFunction>();

function compiled(schema: object): ValidateFunction {
  const known = checks.get(schema);
  if (known !== undefined) return known;
  const check = createAjv({ allErrors: true, verbose: true }).compile(schema);
  checks.set(schema, check);
  return check;
}

type LocatedError = ErrorObject & { readonly pointer: Pointer };

function findingOf(error: LocatedError): Finding {
  const { keyword, params, pointer, parentSchema, data, message } = error;
  return { keyword, params, pointer, schema: (parentSchema ?? {}) as Schema, value: data, message: message ?? "is different" };
}

function isSpecial(schema: Schema | undefined): boolean {
  return schema?.quantity !== undefined || schema?.digest === true;
}

/**
 * A union without a matching branch has an error of its own and several per branch. If the value has the shape of exactly one
 * branch, the errors of that branch are kept; otherwise only that of the union.
 */
function withoutUnions(errors: readonly LocatedError[]): LocatedError[] {
  const dropped = new Set<LocatedError>();
  for (const [union, inside] of branchErrors(errors)) {
    const branches = Map.groupBy(inside, (error) => error.schemaPath.slice(union.schemaPath.length + 1).split("/", 1)[0] ?? "");
    const atTop = (error: LocatedError) => error.pointer.length === union.pointer.length;
    const fitting = [...branches.values()].filter((branch) => !branch.some((error) => error.keyword === "type" && atTop(error)));
    const [only] = fitting.length === 1 ? fitting : fitting.filter((branch) => !branch.some((error) => error.keyword === "required"));
    const chosen = union.keyword === "anyOf" ? only : undefined;
    for (const error of inside) if (chosen?.includes(error) !== true) dropped.add(error);
    if (chosen !== undefined) dropped.add(union);
  }
  // A value of another type fits no form either; that it is the wrong type says more.
  const types = new Set(
    errors.filter(({ keyword }) => keyword === "type").map(({ schemaPath, instancePath }) => `${parentOf(schemaPath)} ${instancePath}`),
  );
  for (const error of errors) {
    const isForm = error.keyword === "oneOf" || error.keyword === "anyOf" || error.keyword === "not";
    if (isForm && types.has(`${parentOf(error.schemaPath)} ${error.instancePath}`)) dropped.add(error);
  }
  // An invalid name is reported by propertyNames, whose schema describes valid names.
  return errors
    .filter(
      (error) => !dropped.has(error) && error.keyword !== "if" && (error.propertyName === undefined || error.keyword === "propertyNames"),
    )
    .map((error) => (error.keyword === "propertyNames" ? { ...error, parentSchema: error.schema as object } : error));
}

function parentOf(schemaPath: string): string {
  return schemaPath.slice(0, schemaPath.lastIndexOf("/"));
}

/** The errors inside the branches of each union that failed. */
function branchErrors(errors: readonly LocatedError[]): Map<LocatedError, LocatedError[]> {
  const unions = errors.filter((error) => error.keyword === "anyOf" || error.keyword === "oneOf");
  const inside = new Map(unions.map((union): [LocatedError, LocatedError[]] => [union, []]));
  const byPlace = new Map(unions.map((union) => [`${union.schemaPath} ${union.instancePath}`, union]));
  for (const error of errors) {
    for (const match of error.schemaPath.matchAll(/\/(?:anyOf|oneOf)(?=\/\d)/g)) {
      const path = error.schemaPath.slice(0, match.index + match[0].length);
      for (let place = error.instancePath; ; place = place.slice(0, place.lastIndexOf("/"))) {
        const union = byPlace.get(`${path} ${place}`);
        if (union !== undefined) inside.get(union)?.push(error);
        if (place === "") break;
      }
    }
  }
  return inside;
}

/** Drops consequences of other mistakes: a key that is missing because it is misspelt, a second problem of one value. */
function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const misspelt = Map.groupBy(
    problems.filter(({ meant }) => meant !== undefined),
    ({ pointer }) => JSON.stringify(pointer.slice(0, -1)),
  );
  const seen = new Set<string>();
  return problems.filter(({ code, of, pointer, missing }) => {
    const inside = misspelt.get(JSON.stringify(pointer)) ?? [];
    if (missing !== undefined && inside.some(({ meant }) => meant === missing)) return false;
    if (code === "wrong-value" && of === "value" && inside.length > 0) return false;
    const place = JSON.stringify([pointer, of, missing]);
    if (seen.has(place)) return false;
    seen.add(place);
    return true;
  });
}

/** Converts the path of an error into a pointer, with list positions as numbers. */
function pointerOf(path: string, root: unknown): Pointer {
  let value: unknown = root;
  return path
    .split("/")
    .slice(1)
    .map((escaped) => {
      const step = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
      const key = Array.isArray(value) ? Number(step) : step;
      value = (value as Record<string | number, unknown> | undefined)?.[key];
      return key;
    });
}

function startsWith(pointer: Pointer, start: Pointer): boolean {
  return start.every((step, index) => pointer[index] === step);
}
