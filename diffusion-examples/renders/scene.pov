// One picture of a saloon. Every declared value can be given on the command line (Declare=Make=2)
// or in a file that includes this one; text only in such a file.
#version 3.7;

#ifndef (Make) #declare Make = 1; #end
#ifndef (Azimuth) #declare Azimuth = 35; #end         // degrees; 0 is the front, 90 the car's left side
#ifndef (Elevation) #declare Elevation = 6; #end      // degrees above the horizon
#ifndef (Zoom) #declare Zoom = 1; #end                // above 1 comes closer
#ifndef (Light) #declare Light = 1; #end              // noon, sunset, overcast, night, studio
#ifndef (SunAzimuth) #declare SunAzimuth = Azimuth + 50; #end
#ifndef (Ground) #declare Ground = (Light = 5 ? 5 : 1); #end  // road, sand, grass, snow, studio floor
#ifndef (Paint) #declare Paint = <0.70, 0.04, 0.05>; #end     // sRGB
#ifndef (Finish) #declare Finish = 1; #end            // gloss, metallic, matte
#ifndef (Wheels) #declare Wheels = 1; #end            // star, fan, disc
#ifndef (PlateText) #declare PlateText = "PA 417"; #end
#ifndef (Seed) #declare Seed = 1; #end
#declare Lit = (Light = 4);
#declare ViewAzimuth = Azimuth;

global_settings { assumed_gamma 1 max_trace_level 6 }

#include "loft.inc"
#include "outlines.inc"
#include "bodies.inc"
#include "paints.inc"
#include "wheels.inc"
#include "car.inc"
#include "world.inc"

object { Car }

#declare Aspect = image_width / image_height;
#declare Side = abs(sin(radians(Azimuth)));
#declare Distance = (Aspect > 1.2 ? 7.0 + 2.2 * Side : 7.6 + 3.9 * Side) / Zoom;
#declare Eye = vrotate(Distance * x, <0, 0, Elevation>);
camera {
  location <Eye.x * cos(radians(Azimuth)), Eye.y + 0.62, Eye.x * sin(radians(Azimuth))>
  right Aspect * x
  angle (Aspect > 1.2 ? 34 : 27.5)
  look_at <0, 0.66, 0>
}
