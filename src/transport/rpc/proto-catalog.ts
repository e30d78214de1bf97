/**
 * ProtoCatalog: a set of proto files, found by path, by symbol or by extension.
 */
import {
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  toBinary,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

export class ProtoCatalog {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  /** Extensions by the name of the message they extend; messages without any have an empty list. */
  readonly #extensions = new Map<string, DescExtension[]>();
  readonly #encoded = new Map<DescFile, Uint8Array>();

  /** @param files what they import is added by itself. */
  constructor(files: Iterable<DescFile>) {
    for (const file of files) this.#add(file);
  }

  /** @param path as imports spell it, for example `prim/v1/push.proto`. */
  fileByPath(path: string): DescFile | undefined {
    return this.#files.get(path);
  }

  /** The file that defines a type, service, method, field, oneof, enum value or extension, by full name. */
  fileBySymbol(symbol: string): DescFile | undefined {
    return this.#symbols.get(symbol);
  }

  fileByExtension(messageName: string, extensionNumber: number): DescFile | undefined {
    return this.#extensions.get(messageName)?.find(({ number }) => number === extensionNumber)?.file;
  }

  /** Ascending; undefined if there is no such message. */
  extensionNumbers(messageName: string): number[] | undefined {
    return this.#extensions
      .get(messageName)
      ?.map(({ number }) => number)
      .sort((a, b) => a - b);
  }

  /** Serialised google.protobuf.FileDescriptorProto. */
  encode(file: DescFile): Uint8Array {
    let bytes = this.#encoded.get(file);
    if (bytes === undefined) {
      bytes = toBinary(FileDescriptorProtoSchema, file.proto);
      this.#encoded.set(file, bytes);
    }
    return bytes;
  }

  #add(file: DescFile): void {
    const path = file.proto.name;
    if (this.#files.has(path)) return;
    this.#files.set(path, file);
    // What a file imports first: an extension is listed with its message.
    for (const dependency of file.dependencies) this.#add(dependency);
    for (const type of nestedTypes(file)) {
      for (const name of symbolsOf(type)) this.#symbols.set(name, file);
      if (type.kind === "message") this.#extensions.set(type.typeName, []);
    }
    for (const type of nestedTypes(file)) {
      if (type.kind === "extension") this.#extensions.get(type.extendee.typeName)?.push(type);
    }
  }
}

/** Full names of a type and of what it defines, without the types nested in it. */
function symbolsOf(type: DescMessage | DescEnum | DescExtension | DescService): string[] {
  const { typeName } = type;
  switch (type.kind) {
    case "message":
      return [typeName, ...[...type.fields, ...type.oneofs].map(({ name }) => `${typeName}.${name}`)];
    case "service":
      return [typeName, ...type.methods.map(({ name }) => `${typeName}.${name}`)];
    case "enum": {
      // Values are named as siblings of their enum (protobuf language specification).
      const scope = typeName.slice(0, typeName.lastIndexOf(".") + 1);
      return [typeName, ...type.values.map(({ name }) => scope + name)];
    }
    case "extension":
      return [typeName];
  }
}
