# `make deb`: a package for the Debian that it is built on, with what its programs link to as dependencies. The runtimes are found where pip or Debian put
# them (src/runtime/pip_folders.h).
set(CPACK_PACKAGE_NAME tamis)
set(CPACK_PACKAGE_VENDOR Tamis)
set(CPACK_PACKAGE_CONTACT "The Tamis authors <tamis@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "find the fastest variant of a vision model whose accuracy is proven")
set(CPACK_PACKAGE_DESCRIPTION
  "Tamis makes optimised variants of an ONNX model, measures each on the hardware that is there, proves their accuracy and hands over the fastest.
The runtimes come by pip: onnxruntime, openvino.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gnuplot-nox, python3-pip")
include(CPack)
