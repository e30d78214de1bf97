/**
 * gRPC server reflection, v1 and v1alpha: a server that explains its own contract, so that grpcurl and
 * `buf curl` need no proto files (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).
 */
import type { DescFile, DescService } from "@bufbuild/protobuf";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import type {
  ServerReflection,
  ServerReflectionRequest,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import type {
  ServerReflection as ServerReflectionAlpha,
  ServerReflectionRequest as ServerReflectionRequestAlpha,
} from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { ProtoCatalog } from "./proto-catalog.ts";

type Question = (ServerReflectionRequest | ServerReflectionRequestAlpha)["messageRequest"];

/** One implementation of each version; both know `services`, which should name the two as well. */
export interface Reflection {
  readonly v1: ServiceImpl<typeof ServerReflection>;
  readonly v1alpha: ServiceImpl<typeof ServerReflectionAlpha>;
}

export function createReflection(services: readonly DescService[]): Reflection {
  const names = services.map(({ typeName }) => typeName).sort();
  // No service names the messages of error details, yet tools want to show them.
  const catalog = new ProtoCatalog([...services.map(({ file }) => file), file_google_rpc_error_details]);
  return {
    v1: {
      async *serverReflectionInfo(requests) {
        const told = new Set<DescFile>();
        for await (const request of requests)
          yield respond(request, answer(request.messageRequest, names, catalog, told));
      },
    },
    v1alpha: {
      async *serverReflectionInfo(requests) {
        const told = new Set<DescFile>();
        for await (const request of requests)
          yield respond(request, answer(request.messageRequest, names, catalog, told));
      },
    },
  };
}

function respond<R extends { readonly host: string }, A>(request: R, messageResponse: A) {
  return { validHost: request.host, originalRequest: request, messageResponse };
}

function answer(question: Question, names: readonly string[], catalog: ProtoCatalog, told: Set<DescFile>) {
  switch (question.case) {
    case "listServices":
      return { case: "listServicesResponse" as const, value: { service: names.map((name) => ({ name })) } };
    case "fileByFilename":
      return files(catalog.fileByPath(question.value), catalog, told);
    case "fileContainingSymbol":
      return files(catalog.fileBySymbol(question.value), catalog, told);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      return files(catalog.fileByExtension(containingType, extensionNumber), catalog, told);
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = catalog.extensionNumbers(question.value);
      if (extensionNumber === undefined) return notFound();
      const value = { baseTypeName: question.value, extensionNumber };
      return { case: "allExtensionNumbersResponse" as const, value };
    }
    case undefined:
      return failure(Code.InvalidArgument, "Cannot answer: the request asks nothing");
  }
}

function files(file: DescFile | undefined, catalog: ProtoCatalog, told: Set<DescFile>) {
  if (file === undefined) return notFound();
  const found: DescFile[] = [];
  // The file that was asked for is told even if it was told before; what it imports is not.
  told.delete(file);
  collect(file, told, found);
  const value = { fileDescriptorProto: found.map((each) => catalog.encode(each)) };
  return { case: "fileDescriptorResponse" as const, value };
}

function collect(file: DescFile, told: Set<DescFile>, found: DescFile[]): void {
  if (told.has(file)) return;
  told.add(file);
  found.push(file);
  for (const dependency of file.dependencies) collect(dependency, told, found);
}

function notFound() {
  return failure(Code.NotFound, "Cannot find it: this server has none of that name");
}

function failure(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}
