graph [
  directed 1
  node [ id 0 label "a" rank 1 score 0.5 flag 1 name "plain" ]
  node [ id 1 label "b <&amp;>&quot;'" rank -2 score -1.0e+300 flag 0 name "<tag> &amp; &quot;quotes&quot;" ]
  node [ id 2 label "&#252;&#128512;" rank 3 score 0.1 flag 1 name "line&#10;break&#9;tab" ]
  node [ id 3 label "hermit" rank 4 score 2.0 flag 0 name "gr&#246;&#223;er" ]
  edge [ source 0 target 1 weight 1.5 kind "x" ]
  edge [ source 1 target 2 weight 2.25 kind "y &amp; z" ]
  edge [ source 2 target 0 weight 3.0 kind "" ]
  edge [ source 0 target 0 weight 0.125 kind "loop" ]
]
