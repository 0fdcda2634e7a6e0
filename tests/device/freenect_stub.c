/* A libfreenect without Kinects, for tests: built against the real headers, told what to do by its stub_* variables.
 *
 * Every event sends one depth and one colour image, 1/30 s of the device's time after the last ones. */
#include <libfreenect.h>
#include <libfreenect_registration.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int stub_connected = 1;     /* Kinects on the bus */
int stub_listed = 1;        /* those of them that may be opened */
int stub_open_code = 0;     /* what opening answers */
int stub_logs = 0;          /* which message opening logs: index below */
int stub_start_code = 0;    /* what starting the depth stream answers */
int stub_event_code = 0;    /* what events answer once the images are over */
int stub_images = 1 << 30;  /* how many pairs are sent */
int stub_interruptions = 0; /* events that a signal cuts short, first */
int stub_lag_ticks = 0;     /* how much later colour is than depth */
int stub_registration = 1;  /* 0: none was read, 1: nominal, 2: every field another number */
int stub_first_ticks = 0;
/* What was done. */
int stub_subdevices = -1;
int stub_open = 0;
int stub_contexts = 0;
int stub_modes = 0;
int stub_waited_us = 0;

static const char *LOGS[] = {
	NULL, "Could not open camera: -3\n", "Failed to claim camera interface: LIBUSB_ERROR_BUSY\n", "out of cheese\n",
};
static freenect_depth_cb depth_callback;
static freenect_video_cb video_callback;
static freenect_log_cb log_callback;
static int running;
static uint32_t ticks;
static uint16_t depth[640 * 480];
static uint8_t colour[640 * 480 * 3];

int freenect_init(freenect_context **context, freenect_usb_context *usb)
{
	*context = (freenect_context *)&stub_contexts;
	stub_contexts++;
	return 0;
}

int freenect_shutdown(freenect_context *context) { stub_contexts--; return 0; }
void freenect_set_log_level(freenect_context *context, freenect_loglevel level) {}
void freenect_set_log_callback(freenect_context *context, freenect_log_cb callback) { log_callback = callback; }
void freenect_select_subdevices(freenect_context *context, freenect_device_flags flags) { stub_subdevices = flags; }
int freenect_num_devices(freenect_context *context) { return stub_connected; }

int freenect_list_device_attributes(freenect_context *context, struct freenect_device_attributes **list)
{
	*list = NULL;
	for (int number = stub_listed; number > 0; number--) {
		struct freenect_device_attributes *one = malloc(sizeof *one);
		char serial[] = "A0000000000K";
		serial[10] = (char)('0' + number);
		one->camera_serial = strdup(serial);
		one->next = *list;
		*list = one;
	}
	return stub_listed;
}

void freenect_free_device_attributes(struct freenect_device_attributes *list)
{
	while (list) {
		struct freenect_device_attributes *next = list->next;
		free((char *)list->camera_serial);
		free(list);
		list = next;
	}
}

int freenect_open_device_by_camera_serial(freenect_context *context, freenect_device **device, const char *serial)
{
	if (LOGS[stub_logs] && log_callback)
		log_callback(context, FREENECT_LOG_ERROR, LOGS[stub_logs]);
	if (stub_open_code < 0)
		return stub_open_code;
	*device = (freenect_device *)&stub_open;
	stub_open++;
	ticks = (uint32_t)stub_first_ticks;
	return strncmp(serial, "A000", 4) ? -1 : 0;
}

int freenect_close_device(freenect_device *device) { stub_open--; return 0; }

freenect_registration freenect_copy_registration(freenect_device *device)
{
	freenect_registration it;
	memset(&it, 0, sizeof it);
	it.raw_to_mm_shift = malloc(16);
	if (!stub_registration)
		return it;
	it.zero_plane_info = (freenect_zero_plane_info){7.5f, 2.4f, 120.0f, 0.1042f};
	it.const_shift = 200;
	it.reg_info.dx_start = 3115;
	it.reg_info.dxdx_start = -2566;
	it.reg_info.dy_start = 4557;
	it.reg_info.dydy_start = -2566;
	if (stub_registration == 1)
		return it;
	it.zero_plane_info = (freenect_zero_plane_info){1.5f, 2.5f, 3.5f, 4.5f};
	it.const_shift = 5.5;
	it.reg_pad_info = (freenect_reg_pad_info){901, 902, 903};
	it.reg_info = (freenect_reg_info){
		.dx_start = 1, .dxdx_start = 2, .dydx_start = 3, .dxdxdx_start = 4, .dydxdx_start = 5, .dydydx_start = 6,
		.ax = 7, .bx = 8, .cx = 9, .dx = 10,
		.dy_start = 11, .dxdy_start = 12, .dydy_start = 13, .dxdxdy_start = 14, .dydxdy_start = 15,
		.dydydy_start = 16, .ay = 17, .by = 18, .cy = 19, .dy = 20,
	};
	return it;
}

int freenect_destroy_registration(freenect_registration *it) { free(it->raw_to_mm_shift); return 0; }

freenect_frame_mode freenect_find_depth_mode(freenect_resolution resolution, freenect_depth_format format)
{
	freenect_frame_mode mode = {
		.reserved = 77, .resolution = resolution, .dummy = format, .bytes = 614400, .width = 640, .height = 480,
		.data_bits_per_pixel = 11, .padding_bits_per_pixel = 5, .framerate = 30, .is_valid = 1,
	};
	return mode;
}

freenect_frame_mode freenect_find_video_mode(freenect_resolution resolution, freenect_video_format format)
{
	freenect_frame_mode mode = {
		.reserved = 78, .resolution = resolution, .dummy = format, .bytes = 921600, .width = 640, .height = 480,
		.data_bits_per_pixel = 24, .padding_bits_per_pixel = 0, .framerate = 30, .is_valid = 1,
	};
	return mode;
}

static int is_asked_for(freenect_frame_mode mode, uint32_t reserved, int format)
{
	return mode.reserved == reserved && mode.resolution == FREENECT_RESOLUTION_MEDIUM && mode.dummy == format &&
	       mode.width == 640 && mode.height == 480 && mode.framerate == 30 && mode.is_valid == 1;
}

int freenect_set_depth_mode(freenect_device *device, const freenect_frame_mode mode)
{
	stub_modes += is_asked_for(mode, 77, FREENECT_DEPTH_11BIT);
	return 0;
}

int freenect_set_video_mode(freenect_device *device, const freenect_frame_mode mode)
{
	stub_modes += is_asked_for(mode, 78, FREENECT_VIDEO_RGB);
	return 0;
}

void freenect_set_depth_callback(freenect_device *device, freenect_depth_cb callback) { depth_callback = callback; }
void freenect_set_video_callback(freenect_device *device, freenect_video_cb callback) { video_callback = callback; }
int freenect_start_depth(freenect_device *device) { running += stub_start_code == 0; return stub_start_code; }
int freenect_start_video(freenect_device *device) { running++; return 0; }
int freenect_stop_depth(freenect_device *device) { running--; return 0; }
int freenect_stop_video(freenect_device *device) { running--; return 0; }

int freenect_process_events_timeout(freenect_context *context, struct timeval *timeout)
{
	stub_waited_us = (int)(timeout->tv_sec * 1000000 + timeout->tv_usec);
	if (stub_interruptions > 0) {
		stub_interruptions--;
		return -10;
	}
	if (stub_images <= 0) {
		usleep(2000);
		return stub_event_code;
	}
	stub_images--;
	/* The one image is used again and again, as libfreenect does. */
	for (int place = 0; place < 640 * 480; place++) {
		depth[place] = 700;
		colour[3 * place] = (uint8_t)(ticks / 2000000);
		colour[3 * place + 1] = (uint8_t)(place % 640 / 4);
	}
	depth_callback((freenect_device *)&stub_open, depth, ticks);
	video_callback((freenect_device *)&stub_open, colour, ticks + (uint32_t)stub_lag_ticks);
	ticks += 2000000;
	memset(depth, 0, sizeof depth);
	memset(colour, 255, sizeof colour);
	usleep(2000);
	return 0;
}
