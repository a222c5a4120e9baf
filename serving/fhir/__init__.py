"""FHIR R4, as JSON: risk assessments, care gaps by the operation `Measure/$care-gaps`, and what the service can do.

Resources are plain objects, built by functions of what they tell; the tests hold everything that is emitted to two
validators.
"""
