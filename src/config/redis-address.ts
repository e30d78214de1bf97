/** What the settings of Redis say together: the address's own user, password and database go before the settings'. */
import { parseRedisUrl, type RedisTarget, redisTargetOf } from "./redis-target.ts";
import type { Config } from "./settings.ts";

export interface RedisAddress extends Omit<RedisTarget, "database" | "isTls"> {
  readonly sentinelPassword?: string | undefined;
  readonly database: number;
  /** Undefined: clear text. */
  readonly tls?: { readonly caFile?: string | undefined } | undefined;
}

/** Undefined if prim is told of no Redis. */
export function redisAddressOf({ redis }: Config): RedisAddress | undefined {
  const target = redis.url === "" ? redisTargetOf(redis.addr) : parseRedisUrl(redis.url);
  if (target === undefined) return undefined;
  const { database = redis.DB, isTls, ...where } = target;
  return {
    ...where,
    database,
    username: where.username ?? given(redis.username),
    password: where.password ?? given(redis.password),
    sentinelPassword: given(redis.sentinelPassword),
    tls: isTls ? { caFile: given(redis.tlsCa) } : undefined,
  };
}

function given(text: string): string | undefined {
  return text === "" ? undefined : text;
}
