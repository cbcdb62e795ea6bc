# SPDX-License-Identifier: MIT

# texts are shown as texts
M '^1	Ein Schlüssel fiel\.$' gb-inspect --rows 1:2 --tensor text.strings made.safetensors
# rows beyond the end
F 2 'rows 5:21 are not in it' gb-inspect --rows 5:21 --tensor bold bold.safetensors
# no tensor named
F 2 'which tensor.*bold, bold.mean, bold.mask' gb-inspect --rows 0:1 bold.safetensors
# a wrong tensor
F 2 'bald: not in this file, which has bold' gb-inspect --rows 0:1 --tensor bald bold.safetensors
# one element differs: exit 1 and where
F 1 'mel: 1 of 720 elements; worst at \[4,1,1\]: 0.75 against 0.75' gb-inspect --diff made.safetensors shifted.safetensors
# --atol lets it pass
M '' gb-inspect --diff --atol 0.0011 made.safetensors shifted.safetensors
# --rtol lets it pass
M '' gb-inspect --diff --rtol 0.0015 made.safetensors shifted.safetensors
# a tolerance that is too small does not
F 1 'mel' gb-inspect --diff --atol 0.0009 made.safetensors shifted.safetensors
# other tensors differ
F 1 'only in the first' gb-inspect --diff bold.safetensors types.safetensors
# --tensor looks at one only
M '' gb-inspect --diff --tensor video made.safetensors shifted.safetensors
# one file cannot differ
F 2 'two files' gb-inspect --diff bold.safetensors
# a healthy checkpoint
M '' gb-inspect --health healthy.safetensors
# NaN, a dead unit and a huge weight
F 1 'not healthy: 3 of 300' gb-inspect --health ill.safetensors
# text has no picture
F 2 'text is no picture' gb-inspect --plot x.png --tensor text.strings made.safetensors
# nor has nothing
F 3 'empty' gb-inspect --plot x.png --tensor empty types.safetensors
# is sound under --verify
M 'sound: 4 tensors' gb-inspect --verify foreign.safetensors
# values of a foreign type are refused by name
F 3 'F8_E4M3 is foreign' gb-inspect --rows 0:1 --tensor odd foreign.safetensors
# a file that is not there
F 2 'no such file|cannot be opened|not found' gb-inspect none.safetensors
# an empty file
F 3 'too short' gb-inspect empty
# a folder
F 2 'folder|directory' gb-inspect .
# a mistyped option
F 2 'did you mean.*verify' gb-inspect --verfy bold.safetensors
# two questions at once
F 2 'at a time' gb-inspect --verify --why bold.safetensors
# a tolerance for nothing
F 2 'for --diff' gb-inspect --rtol 1 bold.safetensors
# a tensor for nothing
F 2 'goes with' gb-inspect --tensor bold bold.safetensors
# rows of a run that begins at 0 s
P gb-inspect/rows.txt gb-inspect --rows 11:14 --tensor bold bold.safetensors
# a foreign file, as it is shown
P gb-inspect/foreign.txt gb-inspect foreign.safetensors
