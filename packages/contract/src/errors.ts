/** HTTP status and meaning of each error code; the domain declares the codes. A test keeps this, OpenAPI and the docs equal. */
import type { ErrorCode } from "@rackwright/domain/errors";

export const errorStatus: Record<ErrorCode, { status: number; meaning: string }> = {
  bad_request: { status: 400, meaning: "The request makes no sense as it stands." },
  invalid_fields: { status: 400, meaning: "Fields were refused: a JSON object with the messages of each." },
  unauthorized: { status: 401, meaning: "No credentials, or ones that are not known." },
  forbidden: { status: 403, meaning: "The caller may not do this." },
  not_found: { status: 404, meaning: "No such thing, or none that the caller may see." },
  method_not_allowed: { status: 405, meaning: "The resource has nothing for this method." },
  wrong_status: { status: 409, meaning: "The machine is in a status from which this cannot be done." },
  machine_locked: { status: 403, meaning: "The machine is locked." },
  no_match: { status: 409, meaning: "No machine satisfies the constraints." },
  conflict: { status: 409, meaning: "Something else stands in the way." },
  gone: { status: 410, meaning: "Withdrawn." },
  unsupported_media_type: { status: 415, meaning: "The body is of a type that is not understood." },
  payload_too_large: { status: 413, meaning: "The body is larger than this operation takes." },
  no_address_left: { status: 503, meaning: "The subnet has no free address." },
  power_failed: { status: 503, meaning: "The machine's power could not be switched or read." },
  rack_unavailable: { status: 503, meaning: "No rack controller that could do this is connected." },
  rack_timeout: { status: 504, meaning: "The rack controller did not answer in time." },
};
