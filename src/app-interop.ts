/**
 * The part of the composition root that puts a node beside nodes of the reference system. Where there are none, everything
 * takes its direct way.
 */
import type { Clock } from "./base/clock.ts";
import { REFERENCE_RECORDS_AT_ONCE } from "./base/limits.ts";
import type { Logger } from "./base/logger.ts";
import { advertisedAddress } from "./cluster/advertised-address.ts";
import type { Config } from "./config/settings.ts";
import type { Directory, Neighbours } from "./core/directory.ts";
import type { Hub } from "./core/hub.ts";
import type { MessageSender, Publisher } from "./core/publisher.ts";
import type { PlacedSignaller, Signaller } from "./core/signaller.ts";
import { Interop } from "./interop/interop.ts";
import type { RedisConnection } from "./storage/redis/redis-connection.ts";
import { ScriptRunner } from "./storage/redis/script-runner.ts";
import type { IsNewSubmission } from "./transport/http/user-routes.ts";
import type { HearPresence } from "./transport/rpc/acc-server.ts";

export interface AppInteropParts {
  readonly config: Config;
  readonly redis: RedisConnection | undefined;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signaller: Signaller;
  readonly publisher: Publisher;
  readonly directory: () => Directory;
}

export interface AppInterop {
  /** For all that is said on prim; what comes from old nodes takes the publisher itself. */
  readonly sender: MessageSender;
  /** For comings and goings on prim. */
  readonly signaller: PlacedSignaller;
  /** The rest is undefined where there are no old nodes. */
  readonly neighbours?: Neighbours;
  readonly hear?: HearPresence;
  readonly isNewSubmission?: IsNewSubmission;
  /** Call it when the port stands to which other nodes come. @throws {PrimError} `failed_precondition`. */
  start(rpcPort: number): Promise<void>;
  /** Has old nodes send nothing here from now on. Repeating it is safe. */
  leave(): Promise<void>;
  /** Call it when the sessions are gone. */
  stop(): Promise<void>;
}

export function createAppInterop(parts: AppInteropParts): AppInterop {
  const { config, redis, hub, clock, logger, signaller, publisher, directory } = parts;
  if (!config.interop.gowebsocket || redis === undefined) {
    const nothing = () => Promise.resolve();
    return { sender: publisher, signaller, start: nothing, leave: nothing, stop: nothing };
  }
  const runner = new ScriptRunner(redis);
  const interop = new Interop({
    redis: {
      keysPerRun: redis.isCluster ? 1 : REFERENCE_RECORDS_AT_ONCE,
      command: (name, ...args) => redis.command(name, ...args),
      run: (script, keys, args) => runner.run(script, keys, args),
      onBack: (listener) => redis.onBack(listener),
    },
    keyPrefix: redis.keyPrefix,
    platforms: config.app.platforms,
    isOnlineInPrim: async (userId, appPlatform) =>
      (await directory().isOnlineInCluster(userId, appPlatform)).value,
    ...{ hub, clock, log: logger, signaller },
  });
  return {
    sender: interop.bridge.overhear(publisher),
    signaller: interop.bridge.overhearPresence(signaller),
    neighbours: interop.bridge,
    hear: (push, seq) => interop.hear(push, seq),
    isNewSubmission: (msgId) => interop.isNewSubmission(msgId),
    start(rpcPort) {
      const { advertise } = config.cluster;
      return interop.start(advertisedAddress({ advertise, host: config.app.host, rpcPort }));
    },
    leave: () => interop.leave(),
    stop: () => interop.stop(),
  };
}
