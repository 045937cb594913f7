// A rally: people with placards and a banner. Slogans and signs are invented; no party is meant.
#version 3.7;

#ifndef (Kind) #declare Kind = 1; #end      // placards, banner
#ifndef (Light) #declare Light = 1; #end
#ifndef (Sign) #declare Sign = 1; #end      // ring, bars, arrow, burst
#ifndef (Hue) #declare Hue = 0; #end        // 0 to 5
#ifndef (Azimuth) #declare Azimuth = 0; #end
#ifndef (Elevation) #declare Elevation = 8; #end
#ifndef (Zoom) #declare Zoom = 1; #end
#ifndef (Slogan) #declare Slogan = "TURN NOW"; #end
#ifndef (Seed) #declare Seed = 1; #end
#declare SunAzimuth = 40;
#declare ViewAzimuth = -90;
#declare Ground = (Light = 5 ? 5 : 1);

global_settings { assumed_gamma 1 max_trace_level 5 }
#include "world.inc"

#declare Draw = seed(Seed + 5);
#declare Hues = array[6] {<0.80, 0.10, 0.10>, <0.10, 0.20, 0.62>, <0.08, 0.45, 0.20>, <0.92, 0.70, 0.08>, <0.45, 0.12, 0.50>, <0.90, 0.40, 0.06>}
#declare Main = Hues[Hue];

#macro Symbol(Size)
  #switch (Sign)
  #case (1) torus { 0.36, 0.10 rotate 90 * x scale <1, 1, 0.1> scale Size } #break
  #case (2) union { #for (I, -1, 1) box { <-0.45, -0.09, -0.02>, <0.45, 0.09, 0.02> rotate 25 * z translate 0.30 * I * y } #end scale Size } #break
  #case (3)
    prism { linear_spline -0.02, 0.02, 8, <-0.15, -0.45>, <0.15, -0.45>, <0.15, 0.05>, <0.38, 0.05>, <0, 0.5>, <-0.38, 0.05>, <-0.15, 0.05>, <-0.15, -0.45> rotate -90 * x scale Size }
  #break
  #case (4) union { cylinder { -0.02 * z, 0.02 * z, 0.2 } #for (I, 0, 7) box { <0.26, -0.05, -0.02>, <0.5, 0.05, 0.02> rotate 45 * I * z } #end scale Size } #break
  #end
#end

#macro Words(Wide, High)
  #local T = text { internal 2 Slogan 0.02, 0 }
  #local A = min_extent(T);
  #local B = max_extent(T);
  object { T translate -(A + B) / 2 scale <Wide / (B.x - A.x), High / (B.y - A.y), 1> }
#end

#declare Paper = finish { ambient 0 emission (Light = 4 ? 0.12 : 0.10) diffuse 0.8 }

// Boards face -z here, as letters do.
#macro Placard(Tone, Ink)
  union {
    box { <-0.42, -0.32, 0>, <0.42, 0.32, 0.02> pigment { srgb Tone } }
    object { Symbol(0.38) translate <0, 0.09, -0.012> pigment { srgb Ink } }
    object { Words(0.66, 0.12) translate <0, -0.20, -0.015> pigment { srgb Ink } }
    cylinder { <0, -1.3, 0.04>, <0, 0.2, 0.04>, 0.022 pigment { rgb <0.35, 0.22, 0.10> } }
    finish { Paper }
  }
#end

#macro Person(Shirt, Hands)
  union {
    sphere { <0, 1.62, 0>, 0.115 scale <1, 1.0, 1> pigment { rgb <0.42, 0.26, 0.17> * (0.5 + rand(Draw)) } }
    sphere { <0, 1.66, 0.03>, 0.118 pigment { rgb <0.05, 0.035, 0.025> * (0.4 + 2 * rand(Draw)) } }
    blob {
      threshold 0.5
      cylinder { <0, 0.95, 0>, <0, 1.36, 0>, 0.30, 1 }
      cylinder { <-0.17, 1.36, 0>, <0.17, 1.36, 0>, 0.17, 1 }
      #for (S, -1, 1, 2)
        #if (Hands) cylinder { <0.2 * S, 1.36, 0>, <0.10 * S, 1.75, -0.18>, 0.11, 1 } #else cylinder { <0.22 * S, 1.34, 0>, <0.26 * S, 0.90, 0>, 0.11, 1 } #end
      #end
      pigment { srgb Shirt }
    }
    #for (S, -1, 1, 2) cone { <0.09 * S, 0.95, 0>, 0.11, <0.10 * S, 0, 0>, 0.075 pigment { rgb <0.03, 0.035, 0.06> * (0.5 + 1.5 * rand(Draw)) } } #end
    finish { ambient 0 diffuse 0.8 }
  }
#end

#macro Shirts() <0.15 + 0.55 * rand(Draw), 0.15 + 0.45 * rand(Draw), 0.18 + 0.45 * rand(Draw)> #end

union {
  #for (Row, 0, 3)
    #for (I, -3, 3)
      #local At = <0.78 * I + 0.3 * rand(Draw) + 0.35 * mod(Row, 2), 0, 0.95 * Row>;
      #local Holds = (Kind = 1 & mod(I + Row + 8, 2) = 0);
      object { Person(Shirts(), Holds) rotate 30 * (rand(Draw) - 0.5) * y translate At }
      #if (Holds)
        #local Turn = 26 * (rand(Draw) - 0.5);
        #local Up = 2.28 + 0.3 * rand(Draw) + 0.12 * Row;
        #if (rand(Draw) < 0.6) object { Placard(Main, <0.97, 0.97, 0.95>) rotate <0, Turn, Turn / 3> translate At + <0, Up, -0.2> }
        #else object { Placard(<0.95, 0.95, 0.92>, Main) rotate <0, Turn, Turn / 3> translate At + <0, Up, -0.2> } #end
      #end
    #end
  #end
  #if (Kind = 2)
    union {
      box { <-2.3, 0.55, 0>, <2.3, 1.55, 0.02> pigment { srgb Main } }
      object { Symbol(0.8) translate <-1.75, 1.05, -0.02> pigment { srgb <0.97, 0.97, 0.95> } }
      object { Words(3.0, 0.44) translate <0.45, 1.05, -0.02> pigment { srgb <0.97, 0.97, 0.95> } }
      finish { Paper }
      translate -0.45 * z
    }
    #for (I, -1, 1)
      union {
        cylinder { <1.5 * I, 0, 1.6>, <1.5 * I, 3.4, 1.6>, 0.025 pigment { rgb 0.3 } }
        box { <1.5 * I, 2.6, 1.58>, <1.5 * I + 0.95, 3.35, 1.6> pigment { srgb (I = 0 ? <0.95, 0.95, 0.92> : Main) } }
        object { Symbol(0.5) translate <1.5 * I + 0.47, 2.98, 1.56> pigment { srgb (I = 0 ? Main : <0.97, 0.97, 0.95>) } }
        finish { Paper }
      }
    #end
  #end
  rotate -Azimuth * y
}

#declare Aspect = image_width / image_height;
camera {
  location vrotate(<0, 0, -9 / Zoom>, <Elevation, 0, 0>) + <0, 1.5, 0.8>
  right Aspect * x
  angle (Aspect > 1.2 ? 34 : 30)
  look_at <0, 1.55, 0.8>
}
