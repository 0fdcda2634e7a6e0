"""What a live RealSense camera is told: projector, laser power, and what its exposure should look at.

A camera keeps its settings from program to program, so what matters is always set. What a model cannot do is no
error; it is noted in plain words.
"""

from typing import Any

from facelatch.cameras.realsense_options import RealSenseOptions
from facelatch.cameras.realsense_sdk import Connected, to_depth_sensor
from facelatch.cameras.realsense_views import Profiles
from facelatch.errors import ConfigError
from facelatch.optics.exposure import Aim, Box, Region, seen_from, to_region, whole

_FACE_MM = 500.0
"""Where a face is taken to be when its place in one camera is carried over to another."""


class Controls:
    """The settings of one open camera."""

    def __init__(
        self, rs: Any, device: Any, options: RealSenseOptions, told: Connected, notes: list[str]
    ) -> None:
        """`notes` takes what was asked and the camera cannot do, a sentence each."""
        self._rs = rs
        self._depth = to_depth_sensor(rs, device)
        self._notes = notes
        if told.is_slow:
            self._notes.append(f"it runs at USB {told.usb}; use a USB 3 port and cable for all frames")
        self._set(self._depth, rs.option.emitter_enabled, 1, "dot projector; depth will have holes")
        if options.laser_power_mw:
            self._set_laser_power(options.laser_power_mw)
        wants = options.view == "infrared" and options.switch_emitter
        self.switches = self._switch(wants)
        """Whether the projector is off in every second frame."""
        self._exposure = _Exposure(rs, device, self._notes) if options.face_exposure else None

    def stop_switching(self) -> None:
        """Leave the projector on, because nothing tells lit frames from others."""
        self.switches = False
        self._switch(False)
        self._notes.append(
            "its frames do not say when the dot projector was on, so it stays on and the picture has dots; "
            "the SDK's kernel patch or its RSUSB backend brings that metadata"
        )

    def aim(self, box: Box | None, profiles: Profiles, now_ns: int) -> None:
        """Point the exposure at a face's box in the frames' view; None: nobody is there."""
        if self._exposure is not None:
            self._exposure.aim(box, profiles, now_ns)

    def _set_laser_power(self, wanted_mw: float) -> None:
        option = self._rs.option.laser_power
        if self._depth.supports(option):
            limits = self._depth.get_option_range(option)
            if not limits.min <= wanted_mw <= limits.max:
                raise ConfigError(
                    f"camera.options.laser_power_mw must be from {limits.min:g} to {limits.max:g} for this camera, "
                    f"found {wanted_mw:g}"
                )
        self._set(self._depth, option, wanted_mw, "laser power to set")

    def _switch(self, on: bool) -> bool:
        option = self._rs.option.emitter_on_off
        if not on and not self._depth.supports(option):
            return False
        return self._set(self._depth, option, int(on), "projector that switches from frame to frame") and on

    def _set(self, sensor: Any, option: Any, value: float, what: str) -> bool:
        """Set an option that the sensor has; says whether it could, and notes why not."""
        if not sensor.supports(option):
            self._notes.append(f"it has no {what}")
            return False
        return _command(sensor, option, value, self._notes)


class _Exposure:
    """The region of interest of the automatic exposure, for each sensor that has one."""

    def __init__(self, rs: Any, device: Any, notes: list[str]) -> None:
        self._rs = rs
        self._notes = notes
        self._sensors = [sensor for sensor in device.query_sensors() if sensor.is_roi_sensor()]
        self._aim = Aim()
        if not self._sensors:
            notes.append("its exposure cannot be pointed at the face")
        automatic = rs.option.enable_auto_exposure
        for sensor in self._sensors:
            if sensor.supports(automatic):
                _command(sensor, automatic, 1, notes)

    def aim(self, box: Box | None, profiles: Profiles, now_ns: int) -> None:
        stream = self._rs.stream
        reference = stream.color if profiles.has(stream.color) else stream.depth
        region = None if box is None else to_region(box, profiles.size(reference))
        self._aim, is_due = self._aim.after(region, now_ns)
        if not is_due:
            return
        for sensor in list(self._sensors):
            target = stream.depth if sensor.supports(self._rs.option.depth_units) else stream.color
            if profiles.has(target):
                self._point(sensor, _carried(self._aim.region, profiles, reference, target))

    def _point(self, sensor: Any, region: Region | None) -> None:
        if region is None:
            return
        wanted = self._rs.region_of_interest()
        wanted.min_x, wanted.min_y, wanted.max_x, wanted.max_y = (
            region.left,
            region.top,
            region.right,
            region.bottom,
        )
        try:
            sensor.as_roi_sensor().set_region_of_interest(wanted)
        except RuntimeError as error:
            # Not every firmware allows it in every mode: a refusal is no reason to stop looking at faces.
            self._sensors.remove(sensor)
            self._notes.append(f"it refused to point its exposure at the face ({error})")


def _command(sensor: Any, option: Any, value: float, notes: list[str]) -> bool:
    """Set an option; says whether the camera took it, and notes its reason if it did not."""
    try:
        sensor.set_option(option, value)
    except RuntimeError as error:
        notes.append(f"it refused to set {option} ({error})")
        return False
    return True


def _carried(region: Region | None, profiles: Profiles, reference: Any, target: Any) -> Region | None:
    size = profiles.size(target)
    if region is None:
        return whole(size)
    if target == reference:
        return region
    view = profiles.view(target, reference)
    return seen_from(region, _FACE_MM, profiles.intrinsics(reference), view, size)
