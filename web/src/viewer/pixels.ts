/** Cornerstone3D, set up once: where pixels come from (WADO-RS) and what it knows of each image. */
import {
  cache,
  Enums,
  init as initCore,
  imageLoader,
  metaData,
  type Types,
} from '@cornerstonejs/core';
import { init as initLoader, wadors } from '@cornerstonejs/dicom-image-loader';
import { init as initTools } from '@cornerstonejs/tools';
import { authorization, fetchJson, Problem } from '../api';
import type { Picture } from '../model/layout';
import { headerFrom, type Header, type Instance } from '../model/header';
import { keyOf, type ShownImage } from '../model/images';
import type { ExamImage } from '../model/types';

const kHeaders = new Map<string, Header>();
/** What each request for pixels is for. */
const kAsked = new WeakMap<XMLHttpRequest, string>();
let ready: Promise<void> | undefined;

/**
 * The geometry that Cornerstone works in is ours, ahead of its own provider: a mammogram has no
 * patient position, and its spacing stands in Imager Pixel Spacing, which Cornerstone ignores.
 * World coordinates are millimetres along the rows and columns of the stored picture.
 */
function imagePlane(type: string, imageId: string): unknown {
  if (type !== Enums.MetadataModules.IMAGE_PLANE) return undefined;
  const header = kHeaders.get(imageId);
  if (!header) return undefined;
  return {
    rows: header.picture.rows,
    columns: header.picture.columns,
    imageOrientationPatient: [1, 0, 0, 0, 1, 0],
    rowCosines: [1, 0, 0],
    columnCosines: [0, 1, 0],
    imagePositionPatient: [0, 0, 0],
    pixelSpacing: [header.picture.rowSpacing, header.picture.columnSpacing],
    rowPixelSpacing: header.picture.rowSpacing,
    columnPixelSpacing: header.picture.columnSpacing,
    usingDefaultValues: false,
  };
}

/** Safe to call again; throws a Problem where the browser cannot show pictures. */
export function prepareRendering(): Promise<void> {
  ready ??= start();
  return ready;
}

async function start(): Promise<void> {
  const probe = document.createElement('canvas').getContext('webgl2');
  if (!probe) {
    throw new Problem('This browser has no WebGL 2, which the viewer draws with.', 0);
  }
  probe.getExtension('WEBGL_lose_context')?.loseContext();
  await initCore();
  initLoader({
    open: (xhr: XMLHttpRequest, address: string) => xhr.open('get', withoutRevision(address), true),
    beforeSend: (xhr: XMLHttpRequest, imageId: string) => {
      kAsked.set(xhr, imageId);
      return Promise.resolve(authorization());
    },
    beforeProcessing: (xhr: XMLHttpRequest) => pixelsOf(xhr),
  });
  metaData.addProvider(imagePlane, 10000);
  await initTools();
}

function addressOf(study: string, image: ExamImage): string {
  const path = [
    `dicom-web/studies/${study}`,
    `series/${image.series_instance_uid}`,
    `instances/${image.sop_instance_uid}`,
  ].join('/');
  return new URL(path, document.baseURI).href;
}

/**
 * What Cornerstone knows of an image it knows by this name: pixels, header and all. The revision
 * stands before the frame, where Cornerstone takes it for a part of the address.
 */
function imageIdOf(study: string, image: ExamImage): string {
  return `wadors:${addressOf(study, image)};revision=${image.revision}/frames/1`;
}

const kRevision = /;revision=([0-9a-f]+)(?=\/frames\/)/;

function withoutRevision(address: string): string {
  return address.replace(kRevision, '');
}

/**
 * Entity tags of one instance begin with its revision. What compresses in between marks them W/, or
 * takes them away, but leaves the server's own header.
 */
function isOfRevision(header: (name: string) => string | null, revision: string): boolean {
  const etag = header('X-Lucerna-ETag') ?? header('ETag') ?? '';
  return etag.replace(/^W\//, '').startsWith(`"${revision}-`);
}

const kReplaced = 'what the server has there now is not the image that the exam was shown with';

/** Fails where the pixels are not those of the image that was asked for. */
async function pixelsOf(xhr: XMLHttpRequest): Promise<ArrayBuffer> {
  const revision = kRevision.exec(kAsked.get(xhr) ?? '')?.[1] ?? '';
  if (!isOfRevision((name) => xhr.getResponseHeader(name), revision)) throw new Error(kReplaced);
  return xhr.response as ArrayBuffer;
}

export interface LoadedImage {
  imageId: string;
  /** As keyOf gives it. */
  key: string;
  /** What was known of the image when it was asked for. */
  shown: ShownImage;
  header: Header;
  picture: Picture;
  image: Types.IImage;
}

/**
 * Header, then pixels of one revision of one image. Throws a Problem that says which image and
 * why, also where the server has another one in its place by now.
 */
export async function loadImage(study: string, shown: ShownImage): Promise<LoadedImage> {
  const { image } = shown;
  const doing = `Loading ${shown.view || 'an image'}`;
  const judge = (response: Response) => {
    if (!isOfRevision((name) => response.headers.get(name), image.revision))
      throw new Problem(`${doing} failed: ${kReplaced}`, 409);
  };
  const [instance] = await fetchJson<Instance[]>(
    `${addressOf(study, image)}/metadata`,
    `${doing} (header)`,
    { headers: { Accept: 'application/dicom+json' } },
    judge,
  );
  if (!instance) throw new Problem(`${doing} failed: the server has no header for it`, 404);
  const header = headerFrom(instance);
  const imageId = imageIdOf(study, image);
  kHeaders.set(imageId, header);
  wadors.metaDataManager.add(imageId, instance as never);
  try {
    const loaded = await imageLoader.loadAndCacheImage(imageId);
    // Forgotten meanwhile: it is not to stay behind.
    if (!kHeaders.has(imageId)) {
      forget(imageId);
      throw new Error(kReplaced);
    }
    return {
      imageId,
      key: keyOf(image),
      shown,
      header,
      picture: header.picture,
      image: loaded,
    };
  } catch (cause) {
    throw new Problem(`${doing} failed: ${reasonOf(cause)}`, 0);
  }
}

/** Lets go of all that was loaded of a study but for `left`, which may still be shown. */
export function forgetImages(study: string, left: readonly ExamImage[]): void {
  const kept = new Set(left.map((image) => imageIdOf(study, image)));
  for (const imageId of kHeaders.keys()) {
    if (!imageId.includes(`/dicom-web/studies/${study}/`) || kept.has(imageId)) continue;
    forget(imageId);
  }
}

function forget(imageId: string): void {
  kHeaders.delete(imageId);
  wadors.metaDataManager.remove(imageId);
  if (cache.getImageLoadObject(imageId)) cache.removeImageLoadObject(imageId, { force: true });
}

/** The loader rejects with an XMLHttpRequest, an Error, or something around either. */
function reasonOf(cause: unknown): string {
  if (cause instanceof XMLHttpRequest) {
    if (cause.status === 0) return 'the server does not answer';
    // It did answer, but what came was not taken.
    if (cause.status === 200) return kReplaced;
    const body = cause.response;
    const text = body instanceof ArrayBuffer ? new TextDecoder().decode(body.slice(0, 500)) : '';
    return `the server said ${cause.status}${text ? `: ${text}` : ''}`;
  }
  if (cause instanceof Error) return cause.message;
  const inner = (cause as { error?: unknown } | null)?.error;
  return inner ? reasonOf(inner) : String(cause);
}
