/** Cornerstone3D, set up once: where pixels come from (WADO-RS) and what it knows of each image. */
import { Enums, init as initCore, imageLoader, metaData, type Types } from '@cornerstonejs/core';
import { init as initLoader, wadors } from '@cornerstonejs/dicom-image-loader';
import { init as initTools } from '@cornerstonejs/tools';
import { authorization, fetchJson, Problem } from '../api';
import type { Picture } from '../model/layout';
import type { ExamImage } from '../model/types';
import { headerFrom, type Header, type Instance } from '../model/header';

const kHeaders = new Map<string, Header>();
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
  initLoader({ beforeSend: () => Promise.resolve(authorization()) });
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

export interface LoadedImage {
  imageId: string;
  view: string;
  sopInstanceUid: string;
  header: Header;
  picture: Picture;
  image: Types.IImage;
}

/** Header, then pixels of one image. Throws a Problem that says which image and why. */
export async function loadImage(study: string, image: ExamImage): Promise<LoadedImage> {
  const address = addressOf(study, image);
  const doing = `Loading ${image.view || 'an image'}`;
  const [instance] = await fetchJson<Instance[]>(`${address}/metadata`, `${doing} (header)`, {
    headers: { Accept: 'application/dicom+json' },
  });
  if (!instance) throw new Problem(`${doing} failed: the server has no header for it`, 404);
  const header = headerFrom(instance);
  const imageId = `wadors:${address}/frames/1`;
  kHeaders.set(imageId, header);
  wadors.metaDataManager.add(imageId, instance as never);
  try {
    const loaded = await imageLoader.loadAndCacheImage(imageId);
    return {
      imageId,
      view: image.view,
      sopInstanceUid: image.sop_instance_uid,
      header,
      picture: header.picture,
      image: loaded,
    };
  } catch (cause) {
    throw new Problem(`${doing} failed: ${reasonOf(cause)}`, 0);
  }
}

/** The loader rejects with an XMLHttpRequest, an Error, or something around either. */
function reasonOf(cause: unknown): string {
  if (cause instanceof XMLHttpRequest) {
    if (cause.status === 0) return 'the server does not answer';
    const body = cause.response;
    const text = body instanceof ArrayBuffer ? new TextDecoder().decode(body.slice(0, 500)) : '';
    return `the server said ${cause.status}${text ? `: ${text}` : ''}`;
  }
  if (cause instanceof Error) return cause.message;
  const inner = (cause as { error?: unknown } | null)?.error;
  return inner ? reasonOf(inner) : String(cause);
}
