import type { DatasetKind } from './image_dataset.ts';

const LISTS = `{train,val,test}/{image_ids,class_labels}.txt   lists; for measures of localisation also {image_sizes,localization}.txt,
                                                    and train/image_ids_proxy.txt for the proxy list`;

/** How each kind of data set lies on disk, for errors. Lists are found in FOLDER/metadata, beside FOLDER or where --metadata says. */
export const LAYOUTS: Readonly<Record<DatasetKind, string>> = {
  cub: `expected of CUB:
  classes.txt                                         (names; without it, those of the folders)
  images/001.Class_Name/*.jpg|png                     (as unpacked) or 001.Class_Name/*.jpg (as wsolevaluation moves them); CUBV2 beside them, for val
  images.txt  image_class_labels.txt  train_test_split.txt  bounding_boxes.txt      CUB's own split into train and test; instead, with a val split:
  metadata/${LISTS}
for cue localisation the first line of these and:
  attributes/attributes.txt (or attributes.txt beside the folder, as unpacked)  attributes/class_attribute_labels_continuous.txt
  parts/parts.txt  parts/part_locs.txt
  segmentations/001.Class_Name/*.png`,
  ilsvrc: `expected of ILSVRC:
  train/n01440764/*.JPEG
  val/ILSVRC2012_val_*.JPEG                           (its validation pictures are the test split)
  val2/0/*.jpeg                                       (ImageNetV2, threshold 0.7: the val split)
  metadata/${LISTS}`,
  openimages: `expected of OpenImages30k:
  {train,val,test}/CLASS/*.jpg
  {val,test}/CLASS/*_m*.png  {val,test}/CLASS/*_ignore.png   (masks)
  metadata/${LISTS}`,
  lists: `expected of a folder with lists:
  pictures at the paths that image_ids.txt gives
  metadata/${LISTS}`,
  folder: `expected of a folder of classes:
  {train,val,test}/CLASS/*.jpg|jpeg|png               (val and test need not be there)
  or CLASS/*.jpg|jpeg|png                             (split by seed)`,
};
