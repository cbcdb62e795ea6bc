# SPDX-License-Identifier: MIT

# a lesion from the stimulus
F 2 'voxels are outputs.*--from brain' gb-recon -q -o bad --from stimulus --lesion roi.nii.gz RUN SET
# lesion and keep
F 2 'not both' gb-recon -q -o bad --lesion roi.nii.gz --keep roi.nii.gz RUN SET
# a region on another grid
F 3 'another grid' gb-recon -q -o bad --from brain --lesion other.nii.gz RUN SET
# a lesion of a model without decoders
F 2 'decodes nothing' gb-recon -q -o bad --lesion roi.nii.gz FIRST SET
# train rows are not scored
F 3 'no valid test rows|0 valid test rows' gb-recon -q -o bad --rows 30:40 RUN SET
# rows that are none
F 2 '--rows 5:2' gb-recon -q -o bad --rows 5:2 RUN SET
# an unknown kind
F 2 '--only text,sounds' gb-recon -q -o bad --only text,sounds RUN SET
# no controls
F 2 '--controls 0' gb-recon -q -o bad --controls 0 RUN SET
# a model that is not there
F 4 'no model there' gb-recon -q -o bad nothing SET
# a file that is no model
F 3 'no tensor `model`' gb-recon -q -o bad text.safetensors SET
# other rows cannot be compared
F 3 'other rows or another brain' gb-recon --compare DIR media
# a full disk
F 4 'full|space' gb-recon --compare -o /dev/full DIR first
