/**
 * What was forwarded when: by a user, through a client, by everyone.
 *
 * @module
 */

import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { PortunusError } from "../../core/errors.ts";
import { parseUlid } from "../../core/ids.ts";
import { unixDay } from "../../core/instant.ts";
import type { TrafficHistory, TrafficQuestion } from "../../traffic/history.ts";
import { clientIdParam } from "../http.ts";
import { operation } from "../operation.ts";
import type { Route } from "../route.ts";
import { TRAFFIC_EXAMPLE, TrafficView, trafficView } from "../views/traffic.ts";
import { userParam } from "./users.ts";

export interface TrafficRoutesOptions {
  readonly history: TrafficHistory;
  readonly clock: Clock;
}

const DAY_SECS = 86_400;

/** A 64-bit integer of a query, which is text to the schema and a number to people. */
const seconds = z.string().refine(isInteger, "has to be an integer of 64 bits").meta({
  override({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }) {
    Object.assign(jsonSchema, { type: "integer", format: "int64" });
  },
});

/** What is asked for. The examples are read when they are shown: yesterday, which is still kept. */
function spanSchema(clock: Clock) {
  const today = () => unixDay(clock.now()) * DAY_SECS;
  return z.object({
    from: seconds.meta({
      description: "The first bucket begins here or later. In seconds.",
      get example() {
        return today() - DAY_SECS;
      },
    }),
    to: seconds.meta({
      description: "The last bucket begins before this. In seconds.",
      get example() {
        return today();
      },
    }),
    bucket: z.string().optional().meta({
      description:
        "`1m`, kept for 7 days, or `1h`, kept for 90. `1m` for a day or less, if not said.",
      example: "1m",
    }),
  });
}

type Span = z.output<ReturnType<typeof spanSchema>>;

const success = {
  status: 200,
  description: "Totals per bucket.",
  view: TrafficView,
  example: TRAFFIC_EXAMPLE,
} as const;
const errors = [
  "invalid_time_range",
  "invalid_bucket",
  "traffic_bucket_out_of_retention",
  "traffic_too_many_rows",
] as const;

export function trafficRoutes(route: Route, { history, clock }: TrafficRoutesOptions): void {
  const span = spanSchema(clock);
  const answer = async (
    { from, to, bucket }: Span,
    of: Pick<TrafficQuestion, "userId" | "clientId">,
  ) => {
    const question = { ...of, from: BigInt(from), to: BigInt(to), bucket: bucket ?? null };
    return trafficView(await history.answer(question));
  };

  route("/v1/users/:user_id/traffic", {
    GET: operation({
      summary: "Show what a user forwarded",
      caller: "self",
      query: span.extend({ client_id: z.string().optional() }),
      success,
      errors: ["client_not_found", ...errors],
      handle: (c, { query }) => {
        const clientId = query.client_id === undefined ? null : clientIdOf(query.client_id);
        return answer(query, { userId: userParam(c), clientId });
      },
    }),
  });
  route("/v1/clients/:client_id/traffic", {
    GET: operation({
      summary: "Show what was forwarded through a client",
      caller: "superadmin",
      query: span.extend({ user_id: z.string().optional() }),
      success,
      errors: ["client_not_found", ...errors],
      handle: (c, { query }) =>
        answer(query, { userId: query.user_id ?? null, clientId: clientIdParam(c) }),
    }),
  });
  route("/v1/traffic/global", {
    GET: operation({
      summary: "Show what was forwarded by everyone",
      caller: "superadmin",
      query: span,
      success,
      errors,
      handle: (_c, { query }) => answer(query, { userId: null, clientId: null }),
    }),
  });
}

function clientIdOf(text: string): string {
  const id = parseUlid(text);
  if (id === null) throw new PortunusError("client_not_found", "invalid client id");
  return id;
}

function isInteger(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}
